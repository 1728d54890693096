// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace coppice::net {

/// Tokens a second, and tokens at once after a quiet time.
struct rate {
  std::uint64_t per_second = 1;
  std::uint64_t burst = 1;

  friend bool operator==(const rate&, const rate&) = default;
};

/// The rate of a limit and its burst; nothing if there is no limit. A burst
/// that is not set is what comes in a second; 0 counts as 1.
std::optional<rate> rate_of(std::optional<std::size_t> per_second,
                            std::optional<std::size_t> burst) noexcept;

/// Tokens that come back at a rate, up to a burst. All that it keeps is the
/// time at which every token is back, so that taking some is one atomic
/// operation.
///
/// Pure: all times are given. Any thread may call it.
///
/// Source: the generic cell rate algorithm, ITU-T I.371.
class token_bucket {
public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;

  /// What is taken: `tokens`, which may be used from `at` on.
  struct grant {
    std::uint64_t tokens;
    time_point at;
  };

  /// A burst is at least what comes in this time: who waits is called up to a
  /// tick of the timer wheel late, and would lose tokens with a smaller one.
  /// For the same reason a token may be there up to a tick early.
  static constexpr std::chrono::milliseconds least_burst{32};

  /// What is reserved in advance is what comes in this time.
  static constexpr std::chrono::milliseconds slice{16};

  /// Has a token for everybody.
  token_bucket() noexcept = default;

  explicit token_bucket(const std::optional<rate>& value) noexcept;

  /// Another rate; nothing: a token for everybody. It is full again.
  void set(const std::optional<rate>& value) noexcept;

  bool limits() const noexcept {
    return per_second_.load(std::memory_order_relaxed) != 0;
  }

  /// Takes one token, or says when to ask again.
  std::optional<time_point> take(time_point now) noexcept;

  /// When `take` gives a token, if nobody else takes it.
  time_point next(time_point now) const noexcept;

  /// Takes up to `most` tokens, at least one: those that are there, or, if they
  /// are few, a slice of those to come. Who reserves first is served first.
  grant reserve(std::uint64_t most, time_point now) noexcept;

  /// Undoes a part of what was taken.
  void give_back(std::uint64_t tokens) noexcept;

  /// Whether all tokens are there.
  bool full(time_point now) const noexcept;

private:
  using ticks = clock::rep;

  static constexpr ticks long_ago = -(ticks{1} << 61);

  ticks length_of(std::uint64_t tokens) const noexcept;
  std::uint64_t tokens_in(ticks length) const noexcept;

  std::atomic<std::uint64_t> per_second_ = 0; // 0: no limit
  std::atomic<ticks> slack_ = 0;              // what a full bucket is worth
  std::atomic<ticks> full_at_ = long_ago;
};

} // namespace coppice::net
