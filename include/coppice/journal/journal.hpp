#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/observe/event.hpp"

#include <atomic>
#include <memory>

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

  void write(const observe::event& ev);

private:
  std::shared_ptr<spdlog::logger> out_;
  std::atomic<bool> open_ = false;
};

using log_ptr = std::shared_ptr<log>;

/// The child that takes events from the bus and writes them to `out`. It has a
/// thread of its own, since a log may block.
actor::child_spec journal_child(log_ptr out);

} // namespace coppice::journal
