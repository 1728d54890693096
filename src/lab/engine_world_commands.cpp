#include "coppice/lab/engine_world.hpp"

namespace coppice::lab {

using namespace supervision;

// Carries out one command of the engine of `who`.
template <class Command>
void engine_world::obey(process_id who, const Command& cmd) {
  auto& self = processes_.at(who);
  auto& sup = *self.sup;
  auto& id = self.name.id;
  if constexpr (std::is_same_v<Command, start_instance>) {
    start_child(who, cmd);
  } else if constexpr (std::is_same_v<Command, send_signal>) {
    auto kill = cmd.what == supervision::signal::kill;
    note(event::signal(id, name_of(self, cmd.instance),
                       kill ? "kill" : "shutdown"));
    signal(sup.instances.at(cmd.instance).process, cmd.what);
  } else if constexpr (std::is_same_v<Command, arm_timer>) {
    after(cmd.delay, who, cmd.generation);
  } else if constexpr (std::is_same_v<Command, retry_later>) {
    queue_.push_back(mail{who, retry_due{cmd.key}});
  } else if constexpr (std::is_same_v<Command, send_reply>) {
    auto request = pending_.extract(cmd.id);
    auto& question = request.mapped().question;
    note(event::reply(id, question.op,
                      render(cmd.body, question, [&](instance_id i) {
                        auto name = name_of(self, i);
                        return instance_name(name.id, name.n);
                      })));
  } else if constexpr (std::is_same_v<Command, up>) {
    supervisor_up(who);
  } else if constexpr (std::is_same_v<Command, stopped>) {
    supervisor_ended(who, cmd.reason);
  } else if constexpr (std::is_same_v<Command, exit_noticed>) {
    sup.last_reason = to_string(cmd.reason);
    note(event::exit(id, name_of(self, cmd.instance), sup.last_reason));
  } else if constexpr (std::is_same_v<Command, retry_noticed>) {
    sup.last_reason.clear();
    note(event::retry(id, id_of(self, cmd.key)));
  } else if constexpr (std::is_same_v<Command, child_down>) {
    note(event::down(id, name_of(self, cmd.instance), to_string(cmd.reason)));
  } else if constexpr (std::is_same_v<Command, restart_decided>) {
    name_decision(who, cmd);
  } else if constexpr (std::is_same_v<Command, report>) {
    auto n = name_of(self, cmd.offender.instance).n;
    note(event::report(id, cmd, n));
  } else {
    static_assert(
      std::is_same_v<
        Command,
        forget> || std::is_same_v<Command, progress> || std::is_same_v<Command, abandon> || std::is_same_v<Command, stalled>);
  }
}

void engine_world::name_decision(process_id who, const restart_decided& cmd) {
  auto& self = processes_.at(who);
  std::vector<std::string> affected;
  for (auto key : cmd.affected)
    affected.push_back(id_of(self, key));
  note(event::decision(self.name.id, {id_of(self, cmd.key), 1},
                       self.sup->last_reason, cmd.used, self.sup->def->flags,
                       affected));
}

label engine_world::name_of(const process& sup, instance_id id) const {
  auto i = sup.sup->instances.find(id);
  return i == sup.sup->instances.end() ? label{} : i->second.name;
}

std::string engine_world::id_of(const process& sup, child_key key) const {
  auto i = sup.sup->slots.find(key);
  return i == sup.sup->slots.end() ? std::string{} : i->second.name;
}

void engine_world::deliver(const mail& letter) {
  auto* p = living(letter.to);
  if (p == nullptr)
    return;
  std::vector<command> commands;
  p->sup->machine.handle(letter.what, now_, commands);
  for (auto& cmd : commands)
    std::visit([this, &letter](auto& x) { obey(letter.to, x); }, cmd);
}

} // namespace coppice::lab
