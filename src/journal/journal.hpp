// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/observe/connection_log.hpp"
#include "coppice/observe/event.hpp"
#include "journal/recorder.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spdlog {
class logger;
} // namespace spdlog

namespace coppice::journal {

/// What is left out of the log: everything below. `debug` adds the starts and
/// ends of connections.
enum class log_level { debug, info, warning, error, off };

std::string_view to_string(log_level value);
std::optional<log_level> log_level_from(std::string_view name);

/// Whether a line is for people or, one JSON object, for programs.
enum class log_format { text, json };

/// Where events are written: standard error, one line each. Thread-safe.
class log {
public:
  explicit log(log_format format = log_format::text);

  /// Nothing is written before this, so that a start that fails leaves its one
  /// line of error alone. What came earlier is written then; of what is not
  /// later than the event `seq`, warnings and errors alone.
  void open(std::uint64_t seq);

  /// Any time; `info` at first.
  void set_level(log_level value) noexcept {
    level_ = value;
  }

  log_level level() const noexcept {
    return level_;
  }

  /// Writes the starts and ends of connections at `info`, too.
  void show_connections(bool on) noexcept {
    shows_connections_ = on;
  }

  void write(const observe::event& ev);

  /// `path` is that of the actor that the connection belongs to.
  void write(std::string_view path, const observe::connection_record& record);

private:
  bool shows(observe::severity what) const noexcept;
  void put(const observe::event& ev);
  void put(std::string_view path, const observe::connection_record& record);

  log_format format_;
  std::shared_ptr<spdlog::logger> out_;
  // What came until it is open; guarded by mutex_.
  std::mutex mutex_;
  std::vector<observe::event> early_;
  std::vector<std::pair<std::string, observe::connection_record>>
    early_connections_;
  std::atomic<std::uint64_t> told_ = 0;
  std::atomic<log_level> level_ = log_level::info;
  std::atomic<bool> open_ = false;
  std::atomic<bool> shows_connections_ = false;
};

using log_ptr = std::shared_ptr<log>;

/// The child that takes events from the bus, and what happens to connections,
/// and writes them to `out` and `file`, which may be null. It has a thread of
/// its own, since a log or a disk may block.
actor::child_spec journal_child(log_ptr out, recorder_ptr file = nullptr);

} // namespace coppice::journal
