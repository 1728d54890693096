#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/observe/connection_log.hpp"
#include "coppice/observe/event.hpp"

#include <atomic>
#include <memory>
#include <string_view>

namespace spdlog {
class logger;
} // namespace spdlog

namespace coppice::journal {

/// Where events are written for people: standard error, one line each.
/// Thread-safe.
class log {
public:
  log();

  /// Nothing is written before this, so that a start that fails leaves its one
  /// line of error alone.
  void open() noexcept {
    open_ = true;
  }

  bool is_open() const noexcept {
    return open_;
  }

  /// Has the starts and ends of connections written, too.
  void show_connections(bool on) noexcept {
    shows_connections_ = on;
  }

  void write(const observe::event& ev);

  /// `path` is that of whom the connection belongs to.
  void write(std::string_view path, const observe::connection_record& record);

private:
  std::shared_ptr<spdlog::logger> out_;
  std::atomic<bool> open_ = false;
  std::atomic<bool> shows_connections_ = false;
};

using log_ptr = std::shared_ptr<log>;

/// The child that takes events from the bus, and what happens to connections,
/// and writes them to `out`. It has a thread of its own, since a log may block.
actor::child_spec journal_child(log_ptr out);

} // namespace coppice::journal
