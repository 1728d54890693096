// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/observe/event.hpp"
#include "coppice/observe/event_bus.hpp"
#include "journal/line_writer.hpp"
#include "journal/recorder.hpp"
#include "observe/connection_log.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spdlog {
class logger;
} // namespace spdlog

namespace coppice::journal {

/// The log has events of this level and above. `debug` adds the starts and ends
/// of connections.
enum class log_level { debug, info, warning, error, off };

std::string_view to_string(log_level value);
std::optional<log_level> log_level_from(std::string_view name);

/// Whether a line is for people or, one JSON object, for programs.
enum class log_format { text, json };

/// Where events are written: standard error, one line each. A slow reader of it
/// delays nothing: see `line_writer`. Thread-safe.
class log {
public:
  /// Throws `std::system_error` if no thread can be created.
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

  /// Lines that were lost since nobody read them.
  std::uint64_t dropped() const {
    return lines_->dropped();
  }

  /// Waits until its reader has taken all lines, for up to `limit`.
  void flush(std::chrono::milliseconds limit) {
    lines_->flush(limit);
  }

  /// `path` is that of the actor that the connection belongs to.
  void write(std::string_view path, const observe::connection_record& record);

private:
  bool waits(std::function<void()> put);
  bool shows(observe::severity what) const noexcept;
  void put(const observe::event& ev);
  void put(std::string_view path, const observe::connection_record& record);

  log_format format_;
  std::shared_ptr<line_writer> lines_;
  std::shared_ptr<spdlog::logger> out_;
  // Write what came until it is open, in that order; guarded by mutex_.
  std::mutex mutex_;
  std::vector<std::function<void()>> early_;
  std::atomic<std::uint64_t> told_ = 0;
  std::atomic<log_level> level_ = log_level::info;
  std::atomic<bool> open_ = false;
  std::atomic<bool> shows_connections_ = false;
};

using log_ptr = std::shared_ptr<log>;

/// What the journal is called among the readers of the bus.
constexpr std::string_view reader_name = "journal";

/// Takes events from the bus, and what happens to connections, and writes them
/// to a log and to a file. Outlives the actor that has it write, which goes on
/// where the last one ended. Thread-safe; blocks as a log or a disk does.
class scribe {
public:
  /// `file` may be null. `path` is that of the journal in events about it.
  scribe(actor::runtime_ptr rt, log_ptr out, recorder_ptr file);

  /// Writes what is there, and looks after the file.
  void write();

  /// The same for the last time: a last try, whatever has failed before.
  void finish();

  /// Sets what is called when there is something to write; it must not block.
  void on_pending(std::function<void()> wake);

  /// The journal's actor, for events about it.
  void served_by(std::string path);

  /// Whether somebody calls `write` when there is something.
  void attended(bool on);

private:
  void take();
  std::string path();
  void tell_of_missed(std::uint64_t count);
  void tell(const std::vector<recorder::news>& all);

  actor::runtime_ptr rt_;
  observe::event_reader events_;
  std::uint64_t connections_; // the number of the last record that was read
  log_ptr out_;
  recorder_ptr file_;
  std::mutex mutex_; // one writes at a time
  std::mutex path_mutex_;
  std::string path_; // guarded by path_mutex_
};

using scribe_ptr = std::shared_ptr<scribe>;

/// The child that has `what` write. It has a thread of its own; if no thread
/// can be created, it ends, and is started again later. In virtual time it
/// writes in its turns.
actor::child_spec journal_child(scribe_ptr what);

} // namespace coppice::journal
