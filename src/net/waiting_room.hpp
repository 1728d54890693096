// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/connection_actor.hpp"
#include "net/event_loop.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace coppice::net {

/// Clients that wait for a place, first come, first served. For one reactor.
class waiting_room {
public:
  using time_point = event_loop::clock::time_point;

  /// The most that may wait; others stay in the backlog of the kernel.
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

  /// Takes out a client that has waited for too long, if there is one.
  std::optional<accepted_client> expire(time_point now) {
    if (clients_.empty() || clients_.front().until > now)
      return {};
    return leave();
  }

  /// Drops clients that have gone without a byte, so that they do not take the
  /// room of others.
  void drop_gone() {
    std::erase_if(clients_,
                  [](auto& one) { return has_gone(one.client.sock); });
  }

  /// When to look at them again.
  std::optional<time_point> next(time_point now) const {
    if (clients_.empty())
      return {};
    return std::min(clients_.front().until, now + look_period);
  }

private:
  static constexpr std::chrono::milliseconds look_period{100};

  // A peer that has only ended its own side still wants an answer.
  static bool has_gone(const socket& sock) noexcept {
    pollfd what{sock.fd(), 0, 0};
    if (::poll(&what, 1, 0) != 1 || (what.revents & (POLLHUP | POLLERR)) == 0)
      return false;
    char first;
    return ::recv(sock.fd(), &first, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
  }

  struct waiting {
    accepted_client client;
    time_point until;
  };

  std::deque<waiting> clients_;
};

} // namespace coppice::net
