// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/deliver.hpp"

#include "actor/caf/actors.hpp"

namespace coppice::actor {

void deliver(const caf::actor& receiver, caf::message content, priority prio) {
  auto id = prio == priority::urgent
              ? caf::make_message_id(caf::message_priority::high)
              : caf::make_message_id(caf::message_priority::normal);
  caf::actor_cast<caf::abstract_actor*>(receiver)->enqueue(
    by_version::make_element(nullptr, id, std::move(content)), nullptr);
}

void send_after(caf::event_based_actor& self, std::chrono::milliseconds delay,
                caf::message content) {
  auto& clock = self.home_system().clock();
  auto id = caf::make_message_id(caf::message_priority::normal);
  clock.schedule_message(
    clock.now() + delay, caf::actor_cast<caf::strong_actor_ptr>(&self),
    by_version::make_element(self.ctrl(), id, std::move(content)));
}

} // namespace coppice::actor
