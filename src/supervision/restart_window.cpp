// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/restart_window.hpp"

#include <chrono>

namespace coppice::supervision {

namespace {

std::chrono::seconds whole_seconds(time_point t) {
  return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
}

} // namespace

restart_window::restart_window(std::uint32_t intensity,
                               std::chrono::seconds period)
    : intensity_(intensity), period_(period) {
  // nop
}

bool restart_window::record(time_point now) {
  auto stamp = whole_seconds(now);
  auto old = stamps_.begin();
  for (; old != stamps_.end() && old->first < stamp - period_; ++old)
    count_ -= old->second;
  stamps_.erase(stamps_.begin(), old);
  if (stamps_.empty() || stamps_.back().first != stamp)
    stamps_.emplace_back(stamp, 0);
  ++stamps_.back().second;
  ++count_;
  // Only the newest intensity + 1 stamps can decide anything.
  if (count_ > std::size_t{intensity_} + 1) {
    --count_;
    if (--stamps_.front().second == 0)
      stamps_.erase(stamps_.begin());
  }
  return count_ <= intensity_;
}

std::size_t restart_window::used(time_point now) const {
  auto oldest = whole_seconds(now) - period_;
  auto result = count_;
  for (auto& [stamp, restarts] : stamps_) {
    if (stamp >= oldest)
      break;
    result -= restarts;
  }
  return result;
}

std::chrono::nanoseconds restart_window::room_in(time_point now) const {
  auto left = used(now);
  auto oldest = whole_seconds(now) - period_;
  for (auto& [stamp, restarts] : stamps_) {
    if (left < intensity_)
      break;
    if (stamp < oldest)
      continue;
    left -= restarts;
    if (left < intensity_) {
      // The first moment at which that stamp does not count.
      std::chrono::nanoseconds free = stamp + period_ + std::chrono::seconds{1};
      return free - now.time_since_epoch();
    }
  }
  return {};
}

own_budget own_budget_of(const restart_window& window, time_point now) {
  return {window.used(now), window.intensity(), window.period()};
}

} // namespace coppice::supervision
