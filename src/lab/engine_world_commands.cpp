// SPDX-License-Identifier: BSD-3-Clause

#include "lab/engine_world.hpp"
#include "supervision/overloaded.hpp"

namespace coppice::lab {

using namespace supervision;

// Carries out one command of the engine of process `who`.
void engine_world::obey(process_id who, const command& cmd) {
  auto& sup = *processes_.at(who).sup;
  chronicle_.tell(now_, sup.record, cmd);
  std::visit(overloaded{
               [&](const start_instance& x) { start_child(who, x); },
               [&](const send_signal& x) {
                 signal(sup.processes.at(x.instance), x.what);
               },
               [&](const arm_timer& x) { after(x.delay, who, x.generation); },
               [&](const retry_later& x) {
                 queue_.push_back(mail{who, retry_due{x.key}});
               },
               [&](const up&) { supervisor_up(who); },
               [&](const stopped& x) { supervisor_ended(who, x.reason); },
               [](const auto&) {
                 // Things to know; a simulated child does not notice more.
               },
             },
             cmd);
}

void engine_world::deliver(const mail& letter) {
  auto* p = living(letter.to);
  if (p == nullptr)
    return;
  std::vector<command> commands;
  p->sup->machine.handle(letter.what, now_, commands);
  for (auto& cmd : commands)
    obey(letter.to, cmd);
}

} // namespace coppice::lab
