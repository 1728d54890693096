// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/term.hpp"

#include <chrono>
#include <string_view>

/// What the parser and the printer of terms have in common.
namespace coppice::fault {

enum class argument { none, text, errno_name, time };

struct word {
  std::string_view name;
  action_kind kind;
  argument takes;
  bool optional = false; // whether the argument may be left out
};

inline constexpr word words[] = {
  {"off", action_kind::off, argument::none},
  {"return", action_kind::return_value, argument::text, true},
  {"error", action_kind::error, argument::errno_name},
  {"throw", action_kind::exception, argument::text},
  {"exit", action_kind::exit, argument::text},
  {"kill", action_kind::kill, argument::none},
  {"delay", action_kind::delay, argument::time},
  {"hang", action_kind::hang, argument::time, true},
  {"drop", action_kind::drop, argument::none},
  {"dup", action_kind::dup, argument::none},
  {"log", action_kind::log, argument::text},
  {"abort", action_kind::abort, argument::none},
};

struct unit {
  std::string_view name;
  std::chrono::nanoseconds length;
};

/// The longest first.
inline constexpr unit units[] = {
  {"m", std::chrono::minutes{1}},       {"s", std::chrono::seconds{1}},
  {"ms", std::chrono::milliseconds{1}}, {"us", std::chrono::microseconds{1}},
  {"ns", std::chrono::nanoseconds{1}},
};

} // namespace coppice::fault
