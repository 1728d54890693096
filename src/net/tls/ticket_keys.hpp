// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <array>
#include <chrono>
#include <mutex>

namespace coppice::net {

/// The keys of session tickets, which all reactors share. New tickets get the
/// newest key, which is replaced when it is 12 hours old; the one before it
/// still opens tickets. So what is stolen from memory opens sessions of a day
/// at most. Thread-safe.
class ticket_keys {
public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::hours renewed_after{12};

  struct key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher; ///< AES-256-CBC
    std::array<unsigned char, 32> mac;    ///< HMAC-SHA-256
  };

  /// What a key that was looked for is good for.
  enum class use { none, opens, newest };

  explicit ticket_keys(clock::time_point now);

  /// The key for a new ticket.
  key newest(clock::time_point now);

  /// The key of that name, if it still opens tickets.
  use find(const unsigned char* name, clock::time_point now, key& result);

private:
  void renew(clock::time_point now);

  std::mutex mutex_;
  key newest_;                // guarded by mutex_
  key before_;                // guarded by mutex_
  bool has_before_ = false;   // guarded by mutex_
  clock::time_point renewed_; // guarded by mutex_
};

} // namespace coppice::net
