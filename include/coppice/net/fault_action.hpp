#pragma once

#include "coppice/actor/compat.hpp"
#include "coppice/fault/point.hpp"
#include "coppice/net/reactor.hpp"

namespace coppice::net {

/// Does what a fault does to `self` wherever it is: throw, exit, kill, hang.
/// Returns whether it was one of these. After exit and kill `self` goes on
/// until its turn is over.
bool strike(caf::event_based_actor& self, const fault::decision& what);

/// How late a delay makes things.
reactor::clock::duration delay_of(const fault::decision& what);

/// Does what a fault at `point` does to a timer of `self` that fires. Returns
/// whether it is for later; `late` remembers that it was, since what comes late
/// is not held up again.
bool fires_late(const fault::point& point, caf::event_based_actor& self,
                reactor& home, timer& t, bool& late);

} // namespace coppice::net
