// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/fault/point.hpp"
#include "net/event_loop.hpp"

#include <chrono>
#include <functional>
#include <string_view>

namespace coppice::net {

/// Does what a fault does to `self` wherever it is: throw, exit, kill, hang.
/// Returns whether it was one of these. After exit and kill `self` goes on
/// until its turn is over.
bool strike(caf::event_based_actor& self, const fault::decision& decision);

/// Makes the event of this fault the cause of the end of the actor at `path`,
/// if it will end it.
void name_as_cause(actor::runtime& rt, std::string_view path,
                   const fault::decision& decision);

/// How long to wait before something is tried again that would fail at once.
constexpr std::chrono::milliseconds a_moment{1};

/// How late a delay makes something: for its time, but not beyond the moment
/// when its point is disarmed or armed again.
class lateness {
public:
  explicit lateness(const fault::decision& decision);

  bool over() const;

  /// After how long to ask that again.
  event_loop::clock::duration next_look() const;

private:
  fault::decision decision_;
  event_loop::clock::time_point until_;
};

/// Asks `point` about a timer that fires. A delay arms the timer again, any
/// other fault goes to `strike`. Returns whether the timer has to do nothing
/// now; `late` remembers a delay, since the timer is not delayed twice.
bool fires_late(const fault::point& point, event_loop& loop, timer& t,
                bool& late,
                const std::function<void(const fault::decision&)>& strike);

} // namespace coppice::net
