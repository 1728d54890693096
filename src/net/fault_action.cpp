#include "coppice/net/fault_action.hpp"

#include "coppice/actor/exit_signal.hpp"

#include <algorithm>
#include <utility>

namespace coppice::net {

using fault::action_kind;
using supervision::exit_reason;

bool strike(caf::event_based_actor& self, const fault::decision& what) {
  switch (what.kind) {
  case action_kind::exception:
    throw fault::injected{what.text};
  case action_kind::exit:
    self.quit(actor::to_error(exit_reason::parse(what.text)));
    return true;
  case action_kind::kill:
    self.quit(actor::to_error(exit_reason::killed()));
    return true;
  case action_kind::hang:
    what.origin->block(what);
    return true;
  default:
    return false;
  }
}

void accuse(actor::runtime& rt, std::string_view path,
            const fault::decision& what) {
  if (what.kind != action_kind::hang)
    rt.blame.put(path, what.event);
}

lateness::lateness(const fault::decision& what)
    : what_(what),
      until_(reactor::clock::now()
             + what.time.value_or(std::chrono::nanoseconds{0})) {
  // nop
}

bool lateness::over() const {
  return reactor::clock::now() >= until_ || !what_.origin->holds(what_);
}

reactor::clock::duration lateness::next_look() const {
  constexpr reactor::clock::duration looks_every
    = std::chrono::milliseconds{100};
  return std::clamp(until_ - reactor::clock::now(), reactor::clock::duration{0},
                    looks_every);
}

bool fires_late(const fault::point& point, reactor& home, timer& t, bool& late,
                const std::function<void(const fault::decision&)>& strike) {
  if (std::exchange(late, false))
    return false;
  auto what = point.hit();
  if (!what)
    return false;
  late = what->kind == action_kind::delay;
  if (late)
    home.arm(t, what->time.value_or(std::chrono::nanoseconds{0}));
  else
    strike(*what);
  return what->kind != action_kind::hang;
}

} // namespace coppice::net
