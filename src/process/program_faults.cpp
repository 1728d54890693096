// SPDX-License-Identifier: BSD-3-Clause
//
// Faults that were asked for at the fault points of programs.

#include "process/program_actor.hpp"

#include "coppice/actor/runtime.hpp"
#include "observe/blame.hpp"

#include <chrono>

namespace coppice::process {

using fault::action_kind;
using supervision::exit_reason;

namespace {

std::chrono::milliseconds time_of(const fault::decision& what) {
  return std::chrono::ceil<std::chrono::milliseconds>(
    what.time.value_or(std::chrono::nanoseconds{0}));
}

exit_reason reason_of(const fault::decision& what) {
  switch (what.kind) {
  case action_kind::exit:
    return exit_reason::parse(what.text);
  case action_kind::error:
    return exit_reason::abnormal(fault::to_string(what));
  case action_kind::kill:
    return exit_reason::killed();
  default:
    return exit_reason::abnormal(what.text);
  }
}

} // namespace

// Returns whether it is started now.
bool program_actor::start_with_fault(const fault::decision& what) {
  if (what.kind == action_kind::delay) {
    remind(time_of(what), wish_message::kind::late_start);
    return false;
  }
  args_.rt->blame.put(args_.path, what.event);
  end_with(reason_of(what));
  return false;
}

// Returns whether it is stopped now.
bool program_actor::stop_with_fault(const fault::decision& what) {
  if (what.kind == action_kind::delay)
    remind(time_of(what), wish_message::kind::late_stop);
  else if (what.kind == action_kind::kill)
    program_->kill();
  return false;
}

void program_actor::exit_with_fault(const fault::decision& what) {
  args_.rt->blame.put(args_.path, what.event);
  if (what.kind == action_kind::delay) {
    remind(time_of(what), wish_message::kind::kill);
    return;
  }
  if (what.kind != action_kind::kill)
    instead_ = reason_of(what);
  program_->kill();
}

} // namespace coppice::process
