// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "journal/store.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace coppice::journal {

/// Keeps events in the journal's file while that can be written, and drops them
/// while it cannot. Outlives the actor that feeds it, so that a restart of that
/// actor is no new run. Thread-safe; blocks as long as the disk does.
class recorder {
public:
  using clock = std::chrono::steady_clock;

  /// After how long it is tried again.
  static constexpr std::chrono::seconds pause{30};

  recorder(std::filesystem::path file, bounds limit);

  /// What there is to report after `record`.
  struct news {
    bool failed;      ///< Events are not kept from now on; else: again.
    std::string text; ///< For a person.
  };

  /// Opens the file, if it is not open. As `record` does with nothing to
  /// record.
  std::optional<news> open(clock::time_point now) {
    return record({}, now);
  }

  /// Keeps `events`. Never throws; says so once when it cannot, and once when
  /// it can again.
  std::optional<news> record(std::span<const observe::event> events,
                             clock::time_point now);

private:
  void write(std::span<const observe::event> events);

  std::filesystem::path file_;
  bounds limit_;
  std::mutex mutex_;
  // All guarded by mutex_:
  std::unique_ptr<writer> writer_;
  std::optional<std::int64_t> run_;        // once it was open
  std::optional<clock::time_point> retry_; // set while it fails
  std::uint64_t missing_ = 0;              // events since it failed
};

using recorder_ptr = std::shared_ptr<recorder>;

} // namespace coppice::journal
