// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Fault points: places in code where a fault can be asked for at run time.
namespace coppice::fault {

/// What is to happen at a point. What each of them means is decided by the
/// place, except for `log` and `abort`, which the point does itself.
enum class action_kind {
  off,          ///< Nothing, and the rest of the term is not asked.
  return_value, ///< Return early, with a value if there is a text.
  error,        ///< Fail with an errno.
  exception,    ///< Throw, with a text.
  exit,         ///< End the actor with a reason.
  kill,         ///< End the actor at once, as by a kill signal.
  delay,        ///< Go on later; others are not held up.
  hang,         ///< Hold up the thread, for ever if there is no time.
  drop,         ///< Do without this input, message or step.
  dup,          ///< Do it twice.
  log,          ///< Say that it was here.
  abort,        ///< End the process by SIGABRT.
};

/// The word of the language: `return`, `throw`, …
std::string_view to_string(action_kind value);

/// A set of them.
class action_set {
public:
  constexpr action_set(std::initializer_list<action_kind> members) {
    for (auto each : members)
      bits_ |= bit(each);
  }

  static constexpr action_set all() {
    action_set result{};
    result.bits_ = ~0U;
    return result;
  }

  constexpr bool has(action_kind value) const noexcept {
    return (bits_ & bit(value)) != 0;
  }

private:
  static constexpr unsigned bit(action_kind value) noexcept {
    return 1U << static_cast<unsigned>(value);
  }

  unsigned bits_ = 0;
};

/// In the order of `action_kind`.
std::vector<action_kind> all_actions();

struct action {
  action_kind kind = action_kind::off;
  /// Of return_value, exception, exit and log.
  std::string text = {};
  /// Of error: a number from <cerrno>.
  int error_code = 0;
  /// Of delay and hang.
  std::optional<std::chrono::nanoseconds> time = {};

  friend bool operator==(const action&, const action&) = default;
};

/// One step of a term. It sees the hits that the steps before it let through.
/// The first `skip` of them it lets through, and all after it has fired `count`
/// times; of the others it takes each with a probability of `percent`.
struct step {
  double percent = 100;                    ///< From 0 to 100.
  std::optional<std::uint64_t> count = {}; ///< >= 1; unset is no limit.
  std::uint64_t skip = 0;
  action what = {};

  friend bool operator==(const step&, const step&) = default;
};

/// What a point does once it is armed: the first step that takes a hit decides.
///
///     term   = step { "->" step } ;
///     step   = { percent "%" | count "*" | "@" skip } action ;
///     action = "off" | "kill" | "drop" | "dup" | "abort"
///            | "return" [ "(" [ text ] ")" ]
///            | ( "throw" | "exit" | "log" ) "(" text ")"
///            | "error" "(" errno ")"
///            | "delay" "(" time ")"
///            | "hang" [ "(" time ")" ] ;
///     text   = char { char } ;
///     char   = any but ")" and "\" | "\" any ;
///     errno  = "ECONNRESET" | … any name in <cerrno> ;
///     time   = digits ( "ns" | "us" | "ms" | "s" | "m" ) ;
///     percent = digits [ "." digits ] ;
///     count  = digits ;
///     skip   = digits ;
///
/// Each of `%`, `*` and `@` may stand once in a step, in any order. Spaces and
/// tabs may stand between all of these; in a text they belong to it. A
/// percentage is at most 100, a count at least 1, a time at most 365 days.
///
/// Source: FreeBSD fail(9), the Rust crate fail. Times with units are gofail's;
/// `@` is coppice's own: `@2 throw(x)` lets two hits through to the next step,
/// where `2*off->throw(x)` ends them.
struct term {
  std::vector<step> steps;

  friend bool operator==(const term&, const term&) = default;
};

/// Why a text is no term or plan.
struct term_error {
  /// Bytes before the place; 0 is the beginning.
  std::size_t at = 0;
  /// What was expected there, and what was found.
  std::string message;

  friend bool operator==(const term_error&, const term_error&) = default;
};

/// `at 7: expected a text, found ")"`
std::string to_string(const term_error& error);

expected<term, term_error> parse_term(std::string_view text);

/// The canonical form, which `parse_term` reads as the same term again: without
/// spaces but for one after `@`'s number, and without what is so by default.
std::string to_string(const term& what);
std::string to_string(const action& what);

/// Whether some step of `what` may do `kind`.
bool uses(const term& what, action_kind kind);

/// The first action of `what` that is not among `known`, if there is one.
/// `off`, `log` and `abort` are known everywhere.
std::optional<action_kind> first_unknown(const term& what,
                                         const action_set& known);

// -- plans --------------------------------------------------------------------

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
expected<plan, term_error> parse_plan(std::string_view text);

/// The plan in the environment variable COPPICE_FAULTS; empty if there is none.
expected<plan, term_error> plan_from_environment();

} // namespace coppice::fault
