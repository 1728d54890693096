#include "coppice/net/fault_action.hpp"

#include "coppice/actor/exit_signal.hpp"

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

reactor::clock::duration delay_of(const fault::decision& what) {
  return what.time.value_or(std::chrono::nanoseconds{0});
}

bool fires_late(const fault::point& point, caf::event_based_actor& self,
                reactor& home, timer& t, bool& late) {
  if (std::exchange(late, false))
    return false;
  auto what = point.hit();
  late = what && what->kind == action_kind::delay;
  if (late)
    home.arm(t, delay_of(*what));
  else if (what)
    strike(self, *what);
  return late;
}

} // namespace coppice::net
