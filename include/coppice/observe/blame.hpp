#pragma once

#include "coppice/observe/path_map.hpp"
#include "coppice/supervision/clock.hpp"

#include <cstdint>
#include <mutex>
#include <string_view>

namespace coppice::observe {

/// Remembers which event is about to end an actor, for whoever tells of that
/// end. Thread-safe.
class blame {
public:
  /// Who has not ended after so long has survived it.
  static constexpr std::chrono::seconds lasts{10};

  /// `cause` will end the actor at `path`; 0 is no event.
  void put(std::string_view path, std::uint64_t cause,
           supervision::time_point now);

  /// What was put last, or 0. Forgets it.
  std::uint64_t take(std::string_view path, supervision::time_point now);

private:
  struct entry {
    std::uint64_t cause = 0;
    supervision::time_point since = {};
  };

  std::mutex mutex_;
  path_map<entry> entries_;
};

} // namespace coppice::observe
