// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/peer.hpp"
#include "net/token_bucket.hpp"

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace coppice::net {

/// A bucket of tokens for each address: an IPv4 address, or a /64 network of
/// IPv6. One that is full and that nobody has is forgotten in time, at no more
/// than two a call. Thread-safe.
class address_buckets {
public:
  using time_point = token_bucket::time_point;

  address_buckets() = default;
  explicit address_buckets(const std::optional<rate>& value);

  /// Another rate for each of them; nothing: no limit. They are full again, and
  /// those that somebody has are not these any more.
  void set(const std::optional<rate>& value);

  bool limits() const noexcept {
    return limits_.load(std::memory_order_relaxed);
  }

  /// Takes a token of that client's address; false: there is none.
  bool take(const observe::peer_address& client, time_point now);

  /// The bucket of that client's address; null: no limit, or no address.
  std::shared_ptr<token_bucket> of(const observe::peer_address& client,
                                   time_point now);

  /// How many it remembers.
  std::size_t size();

private:
  struct entry {
    address_key who;
    std::shared_ptr<token_bucket> bucket;
  };

  void forget_some(time_point now);

  std::atomic<bool> limits_ = false;
  std::mutex mutex_;
  std::optional<rate> rate_; // guarded by mutex_, as all below
  std::list<entry> entries_; // who was not asked for the longest time is first
  std::unordered_map<address_key, std::list<entry>::iterator, address_key_hash>
    places_;
};

} // namespace coppice::net
