// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace coppice::lab {

/// A program of its own that reads lines and answers with lines. It has a
/// process group of its own, which is killed with this object; its standard
/// error is ours.
class line_process {
public:
  using clock = std::chrono::steady_clock;

  enum class outcome {
    line,     ///< There is a line.
    closed,   ///< The program says no more.
    late,     ///< Nothing complete came in time.
    too_long, ///< A line has more than `longest` bytes.
  };

  /// Starts a program that is looked for in PATH. The error says why it could
  /// not be started.
  static expected<std::unique_ptr<line_process>, std::string>
  start(const std::vector<std::string>& command);

  line_process(const line_process&) = delete;
  line_process& operator=(const line_process&) = delete;

  ~line_process();

  /// Hands over a line; it is written while `read_line` waits.
  void tell(std::string_view line);

  /// Tells it that there is no more.
  void close_input();

  /// The next line, without its end.
  outcome read_line(std::string& line, std::size_t longest,
                    clock::time_point deadline);

  /// Waits for its end, and gives what waitpid(2) says of it; nothing if it
  /// has not ended in time.
  std::optional<int> wait(clock::time_point deadline);

private:
  line_process() = default;

  bool take_line(std::string& line);
  void write_some();
  bool read_some();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string to_write_;
  std::string received_;
  bool closed_ = false;
  std::optional<int> status_;
};

/// "exit code 3", or "signal 9 (Killed)".
std::string describe_status(int status);

} // namespace coppice::lab
