// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/refusal.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace coppice::net {

/// Keeps clients that are refused one after the other from filling the log: of
/// each kind one a second is reported. Thread-safe.
class refusal_reports {
public:
  using clock = std::chrono::steady_clock;

  /// Whether to report this one; if so, how many before it were not.
  std::optional<std::uint64_t> report(refusal what, clock::time_point now) {
    std::lock_guard guard{mutex_};
    auto& kind = kinds_[static_cast<std::size_t>(what)];
    if (kind.last && now - *kind.last < std::chrono::seconds{1}) {
      ++kind.unreported;
      return {};
    }
    kind.last = now;
    return std::exchange(kind.unreported, 0);
  }

private:
  struct kind {
    std::optional<clock::time_point> last;
    std::uint64_t unreported = 0;
  };

  std::mutex mutex_;
  std::array<kind, refusals> kinds_; // guarded by mutex_
};

} // namespace coppice::net
