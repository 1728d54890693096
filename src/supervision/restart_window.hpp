// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/child_spec.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace coppice::supervision {

/// Counts restarts and decides when there have been too many: at most
/// `intensity` of them within `period`.
///
/// Stamps are whole seconds of a monotonic clock and the window is inclusive,
/// so that two restarts at a real distance d count together always if
/// d <= period and never if d >= period + 1 s.
///
/// Source: OTP supervisor, restart intensity.
class restart_window {
public:
  /// `intensity` >= 0 restarts are allowed within `period` >= 1 s.
  restart_window(std::uint32_t intensity, std::chrono::seconds period);

  /// Records one restart attempt at `now` and tells whether it is allowed.
  /// A refused attempt is recorded, too.
  bool record(time_point now);

  /// Restarts that still count at `now`.
  std::size_t used(time_point now) const;

  /// How long after `now` one more restart will be allowed; 0: at once.
  /// @pre `intensity()` >= 1
  std::chrono::nanoseconds room_in(time_point now) const;

  std::uint32_t intensity() const noexcept {
    return intensity_;
  }

  std::chrono::seconds period() const noexcept {
    return period_;
  }

private:
  std::uint32_t intensity_;
  std::chrono::seconds period_;
  // How many restarts in which second, oldest first.
  std::vector<std::pair<std::chrono::seconds, std::size_t>> stamps_;
  std::size_t count_ = 0;
};

/// How much of `window` is used at `now`.
own_budget own_budget_of(const restart_window& window, time_point now);

} // namespace coppice::supervision
