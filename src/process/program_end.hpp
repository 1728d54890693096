// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::process {

/// How a program ended, and what was done to it before.
struct program_end {
  bool by_signal = false;
  int number = 0; ///< The exit code, or the signal.
  bool core_dumped = false;
  bool asked_to_stop = false; ///< The stop signal was sent before it ended.
  bool killed_by_us = false;  ///< … and so was SIGKILL.
  /// The kernel has killed something in our control group meanwhile.
  bool out_of_memory = false;
  std::chrono::milliseconds ran = {};
  /// The most memory that it had; 0: not known, or less than this process had
  /// when it was started.
  std::uint64_t peak_kib = 0;
  std::size_t leftovers = 0;    ///< Processes of it that outlived it.
  std::uint64_t lost_lines = 0; ///< Of its output.
  std::vector<std::string> last_lines = {}; ///< Of its standard error.
};

/// `SIGSEGV`, `SIGRTMIN+2`; `signal 99` for a number without a name.
std::string signal_name(int number);

/// 11 for `SEGV` and `SIGSEGV`; 0 if there is no such signal.
int signal_number(std::string_view name);

/// The exit reason in OTP's terms. The table is in docs/reference/semantics.md.
supervision::exit_reason reason_of(const program_end& end, const program& what);

/// For a person, what the reason does not say: `pid 4711 ran 2.3 s, …`, and
/// below it a line for each of the last lines of its standard error.
/// `ended_by`, if not empty, is how it ended where the reason is another one.
std::string details_of(const program_end& end, long pid,
                       const std::string& ended_by = {});

} // namespace coppice::process
