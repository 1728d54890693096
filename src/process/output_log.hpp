// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/output_log.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::process {

/// The lines of all programs, written by a thread of its own.
class output_log {
public:
  static constexpr std::size_t capacity = 256 * 1024; // bytes

  /// The one of this process; lasts as long as that.
  static output_log& get();

  output_log() = default;

  void set(int fd, line_format format);

  /// Whether a line would be taken. A line that is longer than the rest of the
  /// room is taken, too. Any thread.
  bool has_room();

  void write(const output_line& line);

  /// Calls `fn` once there is room, on the log's thread or at once.
  void when_room(std::function<void()> fn);

  bool flush(std::chrono::milliseconds limit);

private:
  void begin();
  [[noreturn]] void run();
  static void put(int fd, std::string_view text);

  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  int fd_ = 2;
  line_format format_ = plain_line;
  std::string waiting_;
  bool busy_ = false;
  bool begun_ = false;
  std::vector<std::function<void()>> callers_;
};

} // namespace coppice::process
