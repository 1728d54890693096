#include "coppice/supervision/restart_window.hpp"

#include <algorithm>

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
  while (!stamps_.empty() && stamps_.front() < stamp - period_)
    stamps_.pop_front();
  stamps_.push_back(stamp);
  // Only the newest intensity + 1 stamps can decide anything.
  if (stamps_.size() > std::size_t{intensity_} + 1)
    stamps_.pop_front();
  return stamps_.size() <= intensity_;
}

std::size_t restart_window::used(time_point now) const {
  auto oldest = whole_seconds(now) - period_;
  return static_cast<std::size_t>(
    stamps_.end() - std::lower_bound(stamps_.begin(), stamps_.end(), oldest));
}

} // namespace coppice::supervision
