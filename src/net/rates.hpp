// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/limits.hpp"
#include "net/address_buckets.hpp"
#include "net/token_bucket.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace coppice::net {

/// What a connection may read: at a rate of its own, and from what its address
/// may read.
struct reading_rates {
  std::optional<rate> own = {};
  std::shared_ptr<token_bucket> address = {}; ///< Null: as much as there is.

  bool limit() const noexcept {
    return own || address;
  }
};

/// The rates of a listener, for all of its reactors. Thread-safe.
class rates {
public:
  using time_point = token_bucket::time_point;

  explicit rates(const limits& value);

  /// Sets those that are others now; they begin with their burst. Returns
  /// whether that concerns connections that are open.
  bool set(const limits& value);

  // -- accepting --------------------------------------------------------------

  /// The clients of the listener as a whole.
  token_bucket& accepting() noexcept {
    return accepting_;
  }

  /// Whether addresses have a rate of their own.
  bool limits_addresses() const noexcept {
    return accepting_by_address_.limits();
  }

  /// Takes a token of that client's address; false: there is none.
  bool admits(const observe::peer_address& client, time_point now) {
    return accepting_by_address_.take(client, now);
  }

  // -- reading ----------------------------------------------------------------

  bool limits_reading() const noexcept {
    return limits_reading_.load(std::memory_order_relaxed);
  }

  /// For a connection whose client that is.
  reading_rates reading(const observe::peer_address& client, time_point now);

  /// … and whose client is not to be counted by its address.
  reading_rates reading();

private:
  struct all {
    explicit all(const limits& value) noexcept;

    std::optional<rate> accept;
    std::optional<rate> accept_by_address;
    std::optional<rate> read;
    std::optional<rate> read_by_address;
  };

  std::mutex mutex_;
  all now_; // guarded by mutex_
  token_bucket accepting_;
  address_buckets accepting_by_address_;
  address_buckets reading_by_address_;
  std::atomic<bool> limits_reading_;
};

} // namespace coppice::net
