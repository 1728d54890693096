// SPDX-License-Identifier: BSD-3-Clause

#include "net/fault_action.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "observe/blame.hpp"

#include <algorithm>
#include <utility>

namespace coppice::net {

using fault::action_kind;
using supervision::exit_reason;

bool strike(caf::event_based_actor& self, const fault::decision& decision) {
  switch (decision.kind) {
  case action_kind::exception:
    throw fault::injected{decision.text};
  case action_kind::exit:
    self.quit(actor::to_error(exit_reason::parse(decision.text)));
    return true;
  case action_kind::kill:
    self.quit(actor::to_error(exit_reason::killed()));
    return true;
  case action_kind::hang:
    decision.origin->block(decision);
    return true;
  default:
    return false;
  }
}

void name_as_cause(actor::runtime& rt, std::string_view path,
                   const fault::decision& decision) {
  if (decision.kind != action_kind::hang)
    rt.blame.put(path, decision.event);
}

lateness::lateness(const fault::decision& decision)
    : decision_(decision),
      until_(event_loop::clock_now()
             + decision.time.value_or(std::chrono::nanoseconds{0})) {
  // nop
}

bool lateness::over() const {
  return event_loop::clock_now() >= until_
         || !decision_.origin->holds(decision_);
}

event_loop::clock::duration lateness::next_look() const {
  constexpr event_loop::clock::duration looks_every
    = std::chrono::milliseconds{100};
  return std::clamp(until_ - event_loop::clock_now(),
                    event_loop::clock::duration{0}, looks_every);
}

bool fires_late(const fault::point& point, event_loop& loop, timer& t,
                bool& late,
                const std::function<void(const fault::decision&)>& strike) {
  if (std::exchange(late, false))
    return false;
  auto decision = point.hit();
  if (!decision)
    return false;
  late = decision->kind == action_kind::delay;
  if (late)
    loop.arm(t, decision->time.value_or(std::chrono::nanoseconds{0}));
  else
    strike(*decision);
  return decision->kind != action_kind::hang;
}

} // namespace coppice::net
