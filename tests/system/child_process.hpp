// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "deadline.hpp"
#include "launch.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace coppice_test {

/// The binary under test as a child. Dies with its owner, at the latest.
class child_process {
public:
  explicit child_process(const launch_options& options);
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  pid_t pid() const {
    return pid_;
  }
  bool running();
  void signal(int number);

  /// Waits for the end; the exit code, or 128 + N after signal N.
  std::optional<int> wait_exit(milliseconds budget = patience);

  /// Waits for more standard output; false at its end or the deadline.
  bool read_more_output(const deadline& end);

  const std::string& out() const {
    return out_;
  }
  std::string err() const;

private:
  bool reap(int flags);

  pid_t pid_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::string out_;
  std::optional<int> exit_code_;
};

/// What a command that ran to its end left behind.
struct command_result {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs the binary under test to its end; exit code -1 if it does not end.
command_result run_coppice(const launch_options& options,
                           milliseconds budget = patience);

/// The same, with `input` for its standard input.
command_result run_coppice_on(const std::string& input, launch_options options);

} // namespace coppice_test
