#pragma once

#include "deadline.hpp"

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coppice_test {

/// How to start the binary under test.
struct launch_options {
  std::vector<std::string> args = {};
  std::vector<std::pair<std::string, std::string>> env = {};
  std::optional<rlim_t> max_open_files = {};
  bool as_nobody = false;
  /// Handed over as systemd does: descriptors from 3 on, and LISTEN_FDS and
  /// LISTEN_PID to say so.
  std::vector<int> listen_fds = {};
  int standard_error = -1;    ///< Where it goes; -1: to what err() gives.
  bool without_input = false; ///< Standard input is closed.
  std::string directory = {}; ///< Where it runs; empty: here.
};

/// The variable `name` of a sanitizer as it is here, with `more` options: what
/// a server that runs under one needs beyond them.
std::pair<std::string, std::string> sanitizer_options(const std::string& name,
                                                      const std::string& more);

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

} // namespace coppice_test
