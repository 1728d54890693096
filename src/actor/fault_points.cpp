// SPDX-License-Identifier: BSD-3-Clause

#include "actor/fault_points.hpp"

namespace coppice::actor {

using enum fault::action_kind;

fault_points::fault_points(fault::registry& owner)
    : start{owner,
            "actor.start",
            "a supervisor starts a child: the start fails (throw, error, exit, "
            "kill) or is late (delay)",
            {exception, error, exit, kill, delay, hang}},
      stop{owner,
           "actor.stop",
           "a supervisor asks a child to end: the request is lost (drop), late "
           "or twice, or another one is made (exit, kill)",
           {drop, dup, delay, exit, kill, hang}},
      mailbox{owner,
              "actor.mailbox",
              "a supervisor takes a request, a connection a message: it is "
              "lost, late or there twice, or ends the receiver",
              {drop, dup, delay, exception, exit, kill, hang}} {
  // nop
}

std::chrono::milliseconds delay_of(const fault::decision& what) {
  return std::chrono::ceil<std::chrono::milliseconds>(
    what.time.value_or(std::chrono::nanoseconds{0}));
}

supervision::exit_reason reason_of(const fault::decision& what) {
  using fault::action_kind;
  using supervision::exit_reason;
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

} // namespace coppice::actor
