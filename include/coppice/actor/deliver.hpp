// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>

#include <chrono>
#include <utility>

/// Sends messages in the same way on every version of CAF.
namespace coppice::actor {

enum class priority { normal, urgent };

/// Sends `content` to `receiver`, without a sender. Any thread. Urgent messages
/// overtake normal ones that wait in the mailbox.
void deliver(const caf::actor& receiver, caf::message content,
             priority prio = priority::normal);

/// The same for a message of one value.
template <class T>
void deliver(const caf::actor& receiver, T content,
             priority prio = priority::normal) {
  deliver(receiver, caf::make_message(std::move(content)), prio);
}

/// Sends `content` from `self` to itself after `delay`, by the clock of its
/// actor system. For the thread of `self`.
void send_after(caf::event_based_actor& self, std::chrono::milliseconds delay,
                caf::message content);

/// The same for a message of one value.
template <class T>
void send_after(caf::event_based_actor& self, std::chrono::milliseconds delay,
                T content) {
  send_after(self, delay, caf::make_message(std::move(content)));
}

} // namespace coppice::actor
