// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "journal/journal_path.hpp"
#include "journal/store.hpp"
#include "journal/waiting_events.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace coppice::journal {

/// Keeps events in the journal's file. What cannot be written waits, within
/// bounds, and goes first when it is tried again. Outlives the actor that feeds
/// it, so that a restart of that actor is no new run.
///
/// Thread-safe; blocks as long as the disk does, but for `look` and
/// `wait_until_kept`.
class recorder {
public:
  using clock = std::chrono::steady_clock;

  /// After how long it is tried again: at first, then twice as long each time,
  /// at most; and at most if only another process is in the way.
  static constexpr std::chrono::seconds first_pause{1};
  static constexpr std::chrono::seconds longest_pause{32};
  static constexpr std::chrono::seconds longest_pause_in_use{4};

  /// How often, at least, `tend` wants to be called.
  static constexpr std::chrono::seconds tended_every{2};

  /// `most` events wait at the same time.
  recorder(std::filesystem::path file, bounds limit,
           std::size_t most = waiting_events::most);

  /// What there is to report.
  struct news {
    enum class kind {
      failed,   ///< Events are not written from now on.
      resumed,  ///< … and now they are, again.
      replaced, ///< A new file is begun.
    };
    kind what;
    std::string text; ///< For a person.
  };

  /// Keeps `events`. Never throws; says once when it cannot write them, and
  /// once when it can again.
  std::vector<news> record(std::span<const observe::event> events,
                           clock::time_point now);

  /// Counts `count` events that nobody could give to `record`, as lost.
  void miss(std::uint64_t count);

  /// Opens the file if it is not open, looks whether it is still there, and
  /// writes what waits if it is time to try again.
  std::vector<news> tend(clock::time_point now) {
    return record({}, now);
  }

  /// Tries once more, whether it is time or not, and closes the file; what
  /// comes later is lost.
  std::vector<news> finish();

  /// In numbers.
  struct numbers {
    bool writes = false;       ///< Whether the last try succeeded, and
                               ///< somebody goes on.
    std::uint64_t waiting = 0; ///< Events that are not written yet.
    std::uint64_t lost = 0;    ///< Events that never will be.
  };

  numbers look() const noexcept;

  /// Whether somebody takes events from the bus to `record` them; so at first.
  void attended(bool on);

  /// Waits until the events up to the one numbered `seq` are in the file, or
  /// the file cannot be written or nobody does, or time is up: then it returns
  /// false. Not for reactors, unless `timeout` is 0.
  bool wait_until_kept(std::uint64_t seq,
                       std::chrono::milliseconds timeout) const;

private:
  std::uint64_t lost() const noexcept;
  void add(std::span<const observe::event> events, std::vector<news>& told);
  void try_to_write(clock::time_point now, std::vector<news>& told);
  expected<void, store_error> write(std::vector<news>& told);
  expected<bool, store_error> write_waiting(std::vector<news>& told);
  void note_file(std::vector<news>& told);
  void note_number(std::vector<news>& told);
  expected<void, store_error> replace(const store_error& problem,
                                      const std::optional<file_identity>& which,
                                      std::vector<news>& told);
  void on_failure(const store_error& problem, std::chrono::seconds longest,
                  clock::time_point now, std::vector<news>& told);
  void on_success(std::vector<news>& told);
  void publish_numbers();

  std::filesystem::path file_;
  bounds limit_;
  std::mutex mutex_;
  // All guarded by mutex_:
  std::optional<writer> writer_;
  run_identity run_ = new_run();
  bool gone_ = false;                      // and that was not reported
  std::optional<file_identity> identity_;  // of the file that was open last
  std::optional<clock::time_point> retry_; // set while it fails
  std::chrono::seconds pause_ = first_pause;
  waiting_events waiting_;
  bool overflows_ = false;        // and that was reported
  std::uint64_t missed_ = 0;      // lost, and never waited here
  std::uint64_t lost_before_ = 0; // when it began to fail
  bool finished_ = false;
  // For threads that must not wait for a disk:
  mutable std::mutex look_mutex_;
  mutable std::condition_variable changed_;
  numbers numbers_;        // guarded by look_mutex_
  std::uint64_t kept_ = 0; // the same: up to which event
  bool fails_ = false;     // the same
  bool attended_ = true;   // the same
};

using recorder_ptr = std::shared_ptr<recorder>;

} // namespace coppice::journal
