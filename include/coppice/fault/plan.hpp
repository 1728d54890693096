// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/term.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coppice::fault {

/// Arms all points whose name matches `pattern`, in which `*` stands for any
/// run of characters, also for none.
struct rule {
  std::string pattern;
  term what;

  friend bool operator==(const rule&, const rule&) = default;
};

/// Of two rules for a point the later one holds.
using plan = std::vector<rule>;

/// Reads rules such as `net.recv=2*error(EIO);net.*=delay(5ms)`:
///
///     plan    = [ rule { ";" rule } [ ";" ] ] ;
///     rule    = pattern "=" term ;
///     pattern = char { char } ;
///     char    = letter | digit | "_" | "." | ":" | "/" | "-" | "*" ;
std::variant<plan, term_error> parse_plan(std::string_view text);

/// The plan in the environment variable COPPICE_FAULTS; empty if there is none.
std::variant<plan, term_error> plan_from_environment();

} // namespace coppice::fault
