// SPDX-License-Identifier: BSD-3-Clause

#include "lab/lab_worker.hpp"

#include "actor/messages.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"

namespace coppice::lab {

using supervision::exit_reason;

lab_worker::lab_worker(caf::actor_config& cfg, actor::virtual_time& time,
                       std::shared_ptr<const child_def> def)
    : actor::pinned_actor(cfg, &time), time_(time), def_(std::move(def)) {
  // nop
}

caf::behavior lab_worker::make_behavior() {
  actor::use_exception_text(*this);
  caf::message_handler handlers{
    [this](actor::stop_message& msg) { quit(actor::to_error(msg.reason)); }};
  if (!def_->traps())
    return handlers;
  return actor::trapping(
    *this, [this](caf::exit_msg&) { on_exit_signal(); }, std::move(handlers));
}

void lab_worker::on_exit_signal() {
  auto& plan = def_->on_shutdown;
  switch (plan.what) {
  case shutdown_plan::answer::comply:
    quit(actor::to_error(exit_reason::shutdown()));
    break;
  case shutdown_plan::answer::ignore:
    break;
  case shutdown_plan::answer::exit:
    quit(actor::to_error(plan.reason));
    break;
  case shutdown_plan::answer::delay:
    time_.after(plan.delay, [self = caf::weak_actor_ptr{ctrl()}] {
      if (auto strong = self.lock())
        tell_to_end(caf::actor_cast<caf::actor>(strong),
                    exit_reason::shutdown());
    });
    break;
  }
}

void tell_to_end(const caf::actor& worker, const exit_reason& reason) {
  actor::deliver(worker, actor::stop_message{reason}, actor::priority::urgent);
}

} // namespace coppice::lab
