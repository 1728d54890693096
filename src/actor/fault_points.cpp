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

} // namespace coppice::actor
