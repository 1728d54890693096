// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/connection_actor.hpp"
#include "net/event_loop.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace coppice::net {

/// Clients that wait for a place, first come, first served. Each is closed when
/// it has waited for too long. For one reactor.
class waiting_room {
public:
  using time_point = event_loop::clock::time_point;

  /// So many may wait; others stay in the backlog of the kernel.
  static constexpr std::size_t capacity = 1024;

  bool empty() const noexcept {
    return clients_.empty();
  }

  bool full() const noexcept {
    return clients_.size() >= capacity;
  }

  void enter(accepted_client client, time_point until) {
    clients_.push_back({std::move(client), until});
  }

  /// Takes out the first client, which exists.
  accepted_client leave() {
    auto next = std::move(clients_.front().client);
    clients_.pop_front();
    return next;
  }

  /// Closes clients that have waited for too long; returns how many.
  std::size_t expire(time_point now) {
    std::size_t count = 0;
    for (; !clients_.empty() && clients_.front().until <= now; ++count)
      clients_.pop_front();
    return count;
  }

  /// When the first client has waited for too long.
  std::optional<time_point> next() const {
    if (clients_.empty())
      return {};
    return clients_.front().until;
  }

private:
  struct waiting {
    accepted_client client;
    time_point until;
  };

  std::deque<waiting> clients_;
};

} // namespace coppice::net
