// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"

#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace coppice::actor {

/// A start function for the usual case: each start spawns an `Actor` from
/// copies of `args`, and the child runs once its constructor has returned. An
/// `Actor` whose constructor takes a `const start_args&` before them gets that,
/// too, for example to say later that it has started or makes progress.
template <class Actor, class... Args>
start_function spawns(Args... args) {
  return [args...](const start_args& start) -> start_result {
    if constexpr (std::is_constructible_v<Actor, caf::actor_config&,
                                          const start_args&, const Args&...>)
      return running{start.rt->system.spawn<Actor>(std::cref(start), args...)};
    else
      return running{start.rt->system.spawn<Actor>(args...)};
  };
}

/// Makes the behavior of an actor, which outlives it. What it throws ends the
/// actor, with the exception's text as the reason.
using make_behavior = std::function<caf::behavior(caf::event_based_actor&)>;

/// Spawns an actor that can be suspended: by `coppice`, the page, the admin API
/// and the testing kit. On every version of CAF, its supervisor is notified of
/// its end only when it is over; the text of an exception is then the reason.
caf::actor spawn_suspendable(const start_args& args, make_behavior make);

} // namespace coppice::actor
