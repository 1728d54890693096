// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/event_loop.hpp"
#include "net/socket.hpp"
#include "net/timer_wheel.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>

namespace coppice::net {

/// Clients that are not served, and are closed in order: each sees the end of
/// the stream, and never a reset because of what it has sent. What it sends is
/// read and thrown away until it ends its side as well, or until the time is
/// up. For one reactor.
class farewells {
public:
  /// The most that may be here; beyond it, the oldest one is closed.
  static constexpr std::size_t capacity = 4096;

  farewells();

  farewells(const farewells&) = delete;
  farewells& operator=(const farewells&) = delete;

  ~farewells();

  /// Ends the output of `sock` and closes it within `limit`; then calls `done`,
  /// which must not throw.
  void add(event_loop& loop, socket sock, std::chrono::milliseconds limit,
           std::function<void()> done);

private:
  class farewell;

  void end(farewell& which);

  std::list<farewell> there_;
};

} // namespace coppice::net
