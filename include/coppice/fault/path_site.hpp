// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/site.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::fault {

/// What points share that are hit by things at paths, and may be armed for some
/// of them alone; their registry owns it. Thread-safe.
class path_site {
public:
  explicit path_site(site& all) : all_(all) {
    // nop
  }

  /// Whether it may be armed for anything.
  bool armed() const noexcept {
    return all_.armed() || some_are_armed_.load(std::memory_order_relaxed);
  }

  /// A hit by the thing at `path`. Whoever was armed for some decides first,
  /// the latest pattern before the others; then who was armed for all. What a
  /// term lets through goes to the next.
  std::optional<decision> hit(std::string_view path);

  // -- for the registry -------------------------------------------------------

  const site& all() const noexcept {
    return all_;
  }

  /// Has `who` decide for the paths that match `pattern`, or end in `/` and
  /// what matches it.
  void add(std::string pattern, site& who);

  /// To be called after something was armed or disarmed.
  void look_who_is_armed();

private:
  site& all_;
  std::atomic<bool> some_are_armed_ = false;
  std::mutex mutex_;
  std::vector<std::pair<std::string, site*>> some_; // guarded by mutex_
};

} // namespace coppice::fault
