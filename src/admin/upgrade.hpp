// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace coppice::admin {

/// How this process is to be replaced.
struct upgrade_request {
  std::string program = {}; ///< A full path; empty: the file that runs here.
  /// Until the new process has to be ready.
  std::chrono::milliseconds limit = std::chrono::seconds{30};
};

/// How far a replacement of this process has got.
struct upgrade_view {
  enum class stage {
    none,     ///< Nobody has asked for one.
    starting, ///< The new process is not ready yet.
    failed,   ///< It was of no use; this one goes on.
    replaced, ///< It serves; this one drains.
  };

  stage at = stage::none;
  int pid = 0;           ///< Of the new process; 0: there was none.
  std::string text = {}; ///< Why it failed, for a person.
};

/// A process that this one has replaced.
struct earlier_process {
  int pid = 0;
  std::string version;
  std::int64_t connections = 0; ///< That are open there.
  bool ended = false;
  /// What it has counted: see `counters_text`. Empty: not known.
  std::string counters = {};
};

/// How a process is replaced. Any thread.
struct upgrade_operations {
  /// Starts a process to replace this one, and returns its id. The error says
  /// why that is not possible.
  std::function<expected<int, std::string>(const upgrade_request&)> begin = {};
  std::function<upgrade_view()> look = {};
  /// Nothing if this process has replaced none. If `now`, it is asked how it
  /// is, for up to two seconds; else what it said last will do, and it is asked
  /// for the next time.
  std::function<std::optional<earlier_process>(bool now)> earlier = {};
};

} // namespace coppice::admin
