// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/limits.hpp"
#include "net/peer.hpp"
#include "observe/connection_log.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace coppice::net {

/// Decides which clients are accepted: there is a number of places, of which
/// one address may have only some, and an alarm when many are taken.
/// Thread-safe.
class admission {
public:
  using clock = std::chrono::steady_clock;

  /// The state when a place is given back.
  struct returned_place {
    bool last = false;   ///< No client is left.
    bool wanted = false; ///< A `take_place` has failed since `forget_failures`.
  };

  explicit admission(const limits& value);

  /// Sets the limits. Clients that have a place keep it.
  void set(const limits& value) noexcept;

  // -- places -----------------------------------------------------------------

  /// Takes a place, if there is one. Many take one before there is a client.
  bool take_place() noexcept;

  returned_place give_back_place() noexcept;

  /// A caller that was refused a place is about to try again.
  void forget_failures() noexcept {
    refused_.store(false);
  }

  /// A client without a place is told goodbye.
  void begin_farewell() noexcept {
    parting_.fetch_add(1);
  }

  /// … and that is over. Returns whether no client is left.
  bool end_farewell() noexcept {
    return parting_.fetch_sub(1) == 1 && empty();
  }

  /// Whether no place is taken, and no client is told goodbye.
  bool empty() const noexcept {
    return taken_.load() == 0 && parting_.load() == 0;
  }

  // -- addresses --------------------------------------------------------------

  /// Counts a client by its address; false if there are too many of it.
  bool take_address(const observe::peer_address& client);

  /// Undoes a `take_address` that returned true.
  void give_back_address(const observe::peer_address& client);

  // -- the alarm --------------------------------------------------------------

  /// Whether there is an alarm at all.
  bool has_alarm() const noexcept;

  /// Whether `open` connections raise the alarm now: at most once a period.
  bool raises_alarm(std::int64_t open, clock::time_point now) noexcept;

private:
  std::atomic<std::int64_t> taken_ = 0;
  std::atomic<std::int64_t> parting_ = 0;
  std::atomic<std::int64_t> places_ = 0;
  std::atomic<bool> refused_ = false;
  address_counts addresses_;
  std::atomic<std::size_t> places_an_address_ = 0;
  std::atomic<std::int64_t> alarm_at_ = 0;
  std::atomic<clock::rep> alarm_period_ = 0;
  std::atomic<clock::rep> quiet_until_
    = clock::time_point::min().time_since_epoch().count(); // the alarm is
};

} // namespace coppice::net
