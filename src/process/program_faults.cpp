// SPDX-License-Identifier: BSD-3-Clause
//
// Faults that were asked for at the fault points of programs.

#include "process/program_actor.hpp"

#include "actor/fault_points.hpp"
#include "coppice/actor/runtime.hpp"
#include "observe/blame.hpp"

namespace coppice::process {

using fault::action_kind;

// Returns whether it is started now.
bool program_actor::start_with_fault(const fault::decision& what) {
  if (what.kind == action_kind::delay) {
    remind(actor::delay_of(what), wish_message::kind::late_start);
    return false;
  }
  args_.rt->blame.put(args_.path, what.event);
  end_with(actor::reason_of(what));
  return false;
}

// Returns whether it is stopped now.
bool program_actor::stop_with_fault(const fault::decision& what) {
  if (what.kind == action_kind::delay)
    remind(actor::delay_of(what), wish_message::kind::late_stop);
  else if (what.kind == action_kind::kill)
    program_->kill();
  return false;
}

void program_actor::exit_with_fault(const fault::decision& what) {
  args_.rt->blame.put(args_.path, what.event);
  if (what.kind == action_kind::delay) {
    remind(actor::delay_of(what), wish_message::kind::kill);
    return;
  }
  if (what.kind != action_kind::kill)
    instead_ = actor::reason_of(what);
  program_->kill();
}

} // namespace coppice::process
