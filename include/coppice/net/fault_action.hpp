#pragma once

#include "coppice/actor/compat.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/fault/point.hpp"
#include "coppice/net/reactor.hpp"

#include <chrono>
#include <functional>
#include <string_view>

namespace coppice::net {

/// Does what a fault does to `self` wherever it is: throw, exit, kill, hang.
/// Returns whether it was one of these. After exit and kill `self` goes on
/// until its turn is over.
bool strike(caf::event_based_actor& self, const fault::decision& what);

/// Makes the event of this fault the cause of the end of the actor at `path`,
/// if it will end it.
void accuse(actor::runtime& rt, std::string_view path,
            const fault::decision& what);

/// What is not to happen too often holds up others for this long.
constexpr std::chrono::milliseconds a_moment{1};

/// How late a delay makes something: for its time, but not beyond the moment
/// when its point is disarmed or armed anew.
class lateness {
public:
  explicit lateness(const fault::decision& what);

  bool over() const;

  /// After how long to ask that again.
  reactor::clock::duration next_look() const;

private:
  fault::decision what_;
  reactor::clock::time_point until_;
};

/// Does what a fault at `point` does to a timer that fires, `strike` the most
/// part. Returns whether it is for later, or for never; `late` remembers that
/// it was, since what comes late is not held up again.
bool fires_late(const fault::point& point, reactor& home, timer& t, bool& late,
                const std::function<void(const fault::decision&)>& strike);

} // namespace coppice::net
