// SPDX-License-Identifier: BSD-3-Clause

#include "process/fault_points.hpp"

namespace coppice::process {

using enum fault::action_kind;

fault_points::fault_points(fault::registry& owner)
    : start{owner,
            "process.start",
            "a program is about to be executed: that fails (throw, error, "
            "exit, kill) or is late (delay)",
            {exception, error, exit, kill, delay}},
      end{owner,
          "process.exit",
          "a program is up: it is killed at once (kill), or after a time "
          "(delay), or counts as ended for another reason (throw, error, exit)",
          {exception, error, exit, kill, delay}},
      stop{owner,
           "process.stop",
           "a program is asked to end: its stop signal is lost (drop), late "
           "(delay) or SIGKILL (kill)",
           {drop, delay, kill}} {
  // nop
}

} // namespace coppice::process
