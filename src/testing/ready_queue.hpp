// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/turn.hpp"
#include "actor/virtual_time.hpp"

#include <deque>

namespace coppice::testing {

/// What is ready to run, while there is a virtual time and after that, when
/// CAF's own actors still have to end.
class ready_queue {
public:
  void post(caf::resumable* what) {
    if (time != nullptr)
      time->post(what);
    else
      left_.push_back(what);
  }

  void run_rest(actor::host_context& host) {
    while (!left_.empty()) {
      auto* who = left_.front();
      left_.pop_front();
      if (actor::give_turn(who, host, 1))
        left_.push_back(who);
    }
  }

  supervision::time_point now() const noexcept {
    return time == nullptr ? supervision::time_point{} : time->now();
  }

  actor::virtual_time* time = nullptr;

private:
  std::deque<caf::resumable*> left_;
};

} // namespace coppice::testing
