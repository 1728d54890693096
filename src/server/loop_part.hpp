// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <optional>

namespace coppice {

/// What the loop of a server looks after beside the server itself. All of it is
/// called by the loop's thread.
class loop_part {
public:
  using time_point = std::chrono::steady_clock::time_point;

  virtual ~loop_part() = default;

  /// `on_readable` is called when this is readable; -1: never.
  virtual int fd() const noexcept {
    return -1;
  }

  virtual void on_readable(time_point) {
    // nop
  }

  /// When `on_due` is to be called, at the latest; unset: never.
  virtual std::optional<time_point> due() const noexcept {
    return {};
  }

  virtual void on_due(time_point) {
    // nop
  }

  /// Called once: the end of the server begins.
  virtual void on_leave() {
    // nop
  }
};

} // namespace coppice
