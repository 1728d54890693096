// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "observe/path_map.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace coppice::observe {

/// Remembers which event is about to end an actor, for the code that publishes
/// that end. Thread-safe.
class blame {
public:
  /// An actor that has not ended after this time has survived it.
  static constexpr std::chrono::seconds lasts{10};

  /// `cause` will end the actor at `path`; 0 is no event.
  void put(std::string_view path, std::uint64_t cause);

  /// What was put last, or 0.
  std::uint64_t look(std::string_view path) const;

  /// The same, and forgets it.
  std::uint64_t take(std::string_view path);

private:
  using clock = std::chrono::steady_clock;

  struct entry {
    std::uint64_t cause = 0;
    clock::time_point since = {};

    bool survived() const {
      return clock::now() - since > lasts;
    }
  };

  mutable std::mutex mutex_;
  path_map<entry> entries_;
};

} // namespace coppice::observe
