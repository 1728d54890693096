// SPDX-License-Identifier: BSD-3-Clause
//
// Faults that were asked for at a supervisor's fault points.

#include "coppice/actor/exit_signal.hpp"

#include "actor/fault_points.hpp"
#include "actor/messages.hpp"
#include "actor/supervisor.hpp"
#include "coppice/actor/tree_root.hpp"
#include "observe/blame.hpp"

#include <string>
#include <utility>

namespace coppice::actor {

using namespace supervision;
using fault::action_kind;

// Returns whether the start goes on now.
bool supervisor::may_start(const start_instance& cmd,
                           const fault::decision& what) {
  if (what.kind == action_kind::hang) {
    rt_->points.start.block(what);
    return true;
  }
  if (what.kind == action_kind::delay) {
    delayed_ = cmd;
    tell_later(delay_of(what), delayed_start{cmd.instance});
    return false;
  }
  if (what.event != 0)
    occasion_.cause = what.event;
  answer_start(cmd.instance, start_failed{reason_of(what)});
  return false;
}

void supervisor::on_delayed_start(instance_id instance) {
  if (!delayed_ || delayed_->instance != instance)
    return;
  auto cmd = *std::exchange(delayed_, std::nullopt);
  if (starting_ == instance)
    start(cmd);
}

void supervisor::stop_with_fault(instance_id instance,
                                 const fault::decision& what) {
  auto handle = handle_of(instance);
  switch (what.kind) {
  case action_kind::drop:
    return;
  case action_kind::delay:
    tell_later(delay_of(what), delayed_stop{instance});
    return;
  case action_kind::dup:
    ask_to_end(instance);
    ask_to_end(instance);
    return;
  case action_kind::kill:
    signal_kill(handle);
    return;
  case action_kind::exit:
    signal_exit(handle, reason_of(what), this);
    return;
  default:
    rt_->points.stop.block(what);
    ask_to_end(instance);
  }
}

void supervisor::on_arrival(std::shared_ptr<ticket> what) {
  auto fault = rt_->points.mailbox.hit(path_);
  if (!fault) [[likely]]
    return on_request(std::move(what));
  switch (fault->kind) {
  case action_kind::drop:
    return; // the caller's request is refused with noproc
  case action_kind::delay:
    tell_later(delay_of(*fault), delayed_request{std::move(what)});
    return;
  case action_kind::dup:
    // A ticket can be answered once: the second is a request of nobody.
    on_request(std::make_shared<ticket>(what->what, [](const reply&) {
      // nop
    }));
    break;
  case action_kind::hang:
    rt_->points.mailbox.block(*fault);
    break;
  case action_kind::kill:
    rt_->blame.put(path_, fault->event);
    quit(to_error(exit_reason::killed()));
    return;
  default:
    rt_->blame.put(path_, fault->event);
    // As `crash` does: a supervisor ends its children first.
    end_for(reason_of(*fault));
    return;
  }
  on_request(std::move(what));
}

// Children that are restarted fail again, see `run(progress&)`.
void supervisor::burn(std::optional<exit_reason> reason) {
  burning_ = std::move(reason);
  if (!burning_)
    return;
  for (auto& [_, who] : children_)
    signal_exit(who.handle, *burning_, this);
}

} // namespace coppice::actor
