// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/expected.hpp"
#include "coppice/supervision/child_spec.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace coppice::process {

/// When the start of a program counts as done.
struct readiness {
  enum class kind {
    exec,    ///< It was executed.
    notify,  ///< `READY=1` arrived at its notify socket (sd_notify).
    fd,      ///< It wrote a line to the descriptor `fd` (s6).
    connect, ///< `to` accepts a connection.
    http,    ///< A GET of `to` is answered with 2xx.
    file,    ///< The path `to` exists. It is removed before the start.
    command, ///< `command` exits with 0.
    log,     ///< A line of its output matches `to`.
    alive,   ///< It has lived for `alive_for`.
    exit,    ///< It exited with a code that counts as a success: a program
             ///< that does one thing. Its start is `ignored` then, as in OTP.
  };

  kind when = kind::exec;
  /// `connect`: `HOST:PORT` or `unix:PATH`. `http`: `http://HOST:PORT/PATH`.
  /// `file`: a path. `log`: a regular expression (ECMAScript).
  std::string to = {};
  std::vector<std::string> command = {};    ///< Of `command`.
  std::chrono::milliseconds alive_for = {}; ///< Of `alive`; > 0 ms.
  int fd = 3;                               ///< Of `fd`; >= 3.
};

/// Where a stream of output goes.
struct output {
  enum class target {
    log,     ///< Line by line to the log, with the path of the child.
    inherit, ///< The descriptor of this process, nothing in between.
    null,    ///< Nowhere.
    file,    ///< Appended to `path`.
  };
  enum class when_full {
    block, ///< The program is not read from until there is room again.
    drop,  ///< Lines are lost, and counted.
  };

  target to = target::log;
  std::string path = {};         ///< Of `file`.
  std::size_t max_line = 16'384; ///< Longer lines are cut and marked; bytes.
  when_full full = when_full::block;
};

/// A program: what is executed, in which surroundings, and how it is watched.
struct program {
  /// Not empty. The first is the program; without a slash it is looked for in
  /// the PATH of its own environment.
  std::vector<std::string> command;
  std::string directory = {}; ///< Empty: that of this process.
  /// Which variables of this process it gets. Unset: all.
  std::optional<std::vector<std::string>> inherit_environment = {};
  std::map<std::string, std::string> environment = {}; ///< Set on top.
  /// Empty: that of this process. A name or a number; it brings its groups,
  /// HOME, USER and LOGNAME. Another one needs root.
  std::string user = {};
  /// Soft and hard limits by their names in getrlimit(2) without RLIMIT_, in
  /// lower case: `nofile`, `core`. Unset is unlimited.
  std::map<std::string, std::optional<std::uint64_t>> limits = {};
  readiness ready = {};
  std::set<int> success = {0}; ///< Exit codes that count as clean; 0 to 255.
  /// Signals that count as a crash even though TERM, INT and HUP from outside
  /// are clean ends by default.
  std::set<int> crash_on = {};
  int stop_signal = 15;    ///< SIGTERM.
  bool stop_group = false; ///< It is sent to the whole group at once.
  /// Sent before SIGKILL to a program that makes no progress, for its core; 0
  /// is none.
  int stall_signal = 0;
  bool keep_leftovers = false; ///< What it leaves behind is not killed.
  /// The signal that it gets when this process dies; 0 is none.
  int on_our_death = 9;
  process::output standard_output = {};
  process::output standard_error = {};
};

/// The error is the first thing wrong with `value`. `ready_within` is that of
/// its specification, which every readiness but `exec` and `alive` needs.
expected<void, supervision::spec_error>
validate(const program& value, const supervision::child_spec& spec);

/// A child that is a program, for any supervisor: its exits, its start and its
/// stop have OTP's meaning. `running::info` is `pid NUMBER`. Errors in `value`
/// make the specification invalid; nothing is started then.
actor::child_spec process_child(supervision::child_spec spec, program value);

} // namespace coppice::process
