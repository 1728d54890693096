// SPDX-License-Identifier: BSD-3-Clause

#pragma once

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
  std::optional<rlim_t> max_processes = {}; ///< Counts for nobody, not root.
  bool as_nobody = false;
  /// Handed over as systemd does: descriptors from 3 on, and LISTEN_FDS and
  /// LISTEN_PID to say so.
  std::vector<int> listen_fds = {};
  int standard_error = -1;      ///< Where it goes; -1: to what err() gives.
  int standard_input = -1;      ///< Where it comes from; -1: from here.
  bool without_input = false;   ///< Standard input is closed.
  bool without_streams = false; ///< … and so are output and error.
  std::string directory = {};   ///< Where it runs; empty: here.
  std::string program = {};     ///< Another program; empty: that under test.
};

/// The variable `name` of a sanitizer as it is here, with `more` options: what
/// a server that runs under one needs beyond them.
std::pair<std::string, std::string> sanitizer_options(const std::string& name,
                                                      const std::string& more);

/// Throws `std::system_error` for errno.
[[noreturn]] void throw_errno(const char* what);

/// Starts the binary under test, with these standard outputs; it dies with this
/// process. Throws if it cannot.
pid_t launch(const launch_options& options, int out, int err);

} // namespace coppice_test
