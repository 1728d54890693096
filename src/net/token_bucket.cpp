// SPDX-License-Identifier: BSD-3-Clause

#include "net/token_bucket.hpp"

#include <algorithm>

namespace coppice::net {

namespace {

using bucket_clock = token_bucket::clock;

// Longer than any wait matters, and far from the end of the clock.
constexpr double longest_wait = static_cast<double>(
  bucket_clock::duration{std::chrono::hours{24 * 365}}.count());

constexpr double a_second = static_cast<double>(
  bucket_clock::duration{std::chrono::seconds{1}}.count());

bucket_clock::rep ticks_of(std::chrono::milliseconds value) noexcept {
  return bucket_clock::duration{value}.count();
}

} // namespace

std::optional<rate> rate_of(std::optional<std::size_t> per_second,
                            std::optional<std::size_t> burst) noexcept {
  if (!per_second)
    return {};
  auto at_least_one = [](std::size_t n) { return std::max<std::size_t>(n, 1); };
  return rate{at_least_one(*per_second),
              at_least_one(burst.value_or(*per_second))};
}

token_bucket::token_bucket(const std::optional<rate>& value) noexcept {
  set(value);
}

// Beyond the burst there is room for most of one more token: who waits for one
// is called up to a tick late, and this time is not lost.
void token_bucket::set(const std::optional<rate>& value) noexcept {
  per_second_ = value ? value->per_second : 0;
  if (value) {
    auto burst = std::max(length_of(value->burst), ticks_of(least_burst));
    slack_ = burst + std::min(ticks_of(slice), length_of(1) / 8 * 7);
  }
  full_at_ = long_ago;
}

std::optional<token_bucket::time_point>
token_bucket::take(time_point now) noexcept {
  if (!limits())
    return {};
  auto time = now.time_since_epoch().count();
  for (auto full = full_at_.load();;) {
    auto after = std::max(full, time) + length_of(1);
    if (after - slack_ > time)
      return time_point{clock::duration{after - slack_}};
    if (full_at_.compare_exchange_weak(full, after))
      return {};
  }
}

token_bucket::time_point token_bucket::next(time_point now) const noexcept {
  if (!limits())
    return now;
  auto time = now.time_since_epoch().count();
  auto at = std::max(full_at_.load(), time) + length_of(1) - slack_;
  return time_point{clock::duration{std::max(at, time)}};
}

token_bucket::grant token_bucket::reserve(std::uint64_t most,
                                          time_point now) noexcept {
  most = std::max<std::uint64_t>(most, 1);
  if (!limits())
    return {most, now};
  auto time = now.time_since_epoch().count();
  auto least = std::clamp<std::uint64_t>(tokens_in(ticks_of(slice)), 1, most);
  for (auto full = full_at_.load();;) {
    auto from = std::max(full, time);
    auto there = tokens_in(time + slack_ - from);
    auto tokens = std::clamp(there, least, most);
    auto after = from + length_of(tokens);
    if (full_at_.compare_exchange_weak(full, after))
      return {tokens,
              time_point{clock::duration{std::max(after - slack_, time)}}};
  }
}

void token_bucket::give_back(std::uint64_t tokens) noexcept {
  if (limits() && tokens > 0)
    full_at_.fetch_sub(length_of(tokens));
}

bool token_bucket::full(time_point now) const noexcept {
  return full_at_.load() <= now.time_since_epoch().count();
}

// A rate may be taken away by another thread meanwhile.
token_bucket::ticks
token_bucket::length_of(std::uint64_t tokens) const noexcept {
  auto rate = static_cast<double>(std::max<std::uint64_t>(per_second_, 1));
  auto length = static_cast<double>(tokens) * a_second / rate;
  return static_cast<ticks>(std::min(length, longest_wait));
}

std::uint64_t token_bucket::tokens_in(ticks length) const noexcept {
  if (length <= 0)
    return 0;
  auto rate = static_cast<double>(std::max<std::uint64_t>(per_second_, 1));
  return static_cast<std::uint64_t>(static_cast<double>(length) * rate
                                    / a_second);
}

} // namespace coppice::net
