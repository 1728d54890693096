// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace coppice::supervision {

/// Monotonic time. The engine is given it with each event and never reads a
/// clock itself.
using time_point = std::chrono::time_point<std::chrono::steady_clock,
                                           std::chrono::nanoseconds>;

/// Which children follow when one is restarted.
/// Source: OTP supervisor, strategies.
enum class strategy {
  one_for_one,        ///< Only the crashed child.
  one_for_all,        ///< All children.
  rest_for_one,       ///< The crashed child and those started after it.
  simple_one_for_one, ///< As one_for_one; all children from one template.
};

/// When an exit leads to a restart.
/// Source: OTP supervisor, restart types.
enum class restart {
  permanent, ///< Always.
  transient, ///< Unless the exit was clean.
  temporary, ///< Never; the specification goes with the child.
};

/// A worker or a supervisor; decides the default shutdown and what
/// `count_children` says, nothing else.
enum class child_type { worker, supervisor };

/// When the end of significant children ends the supervisor.
/// Source: OTP supervisor, auto_shutdown (EEP 56).
enum class auto_shutdown { never, any_significant, all_significant };

/// How a child is asked to stop.
/// Source: OTP supervisor, shutdown.
class shutdown {
public:
  enum class how { brutal_kill, timeout, infinity };

  /// Kill at once.
  static constexpr shutdown brutal_kill() {
    return {how::brutal_kill, {}};
  }

  /// Ask, wait for `limit` >= 0 ms, then kill.
  static constexpr shutdown within(std::chrono::milliseconds limit) {
    return {how::timeout, limit};
  }

  /// Ask and wait for ever.
  static constexpr shutdown infinity() {
    return {how::infinity, {}};
  }

  constexpr how kind() const noexcept {
    return how_;
  }

  /// Only meaningful for `how::timeout`.
  constexpr std::chrono::milliseconds limit() const noexcept {
    return limit_;
  }

  friend constexpr bool operator==(const shutdown&, const shutdown&) = default;

private:
  constexpr shutdown(how h, std::chrono::milliseconds limit)
      : how_(h), limit_(limit) {
    // nop
  }

  how how_;
  std::chrono::milliseconds limit_;
};

/// How long to wait before a restart: `initial`, then `factor` times as long
/// after each further restart, at most `limit`. Beyond OTP, which never waits.
struct backoff {
  std::chrono::milliseconds initial{100};  ///< > 0.
  std::chrono::milliseconds limit{30'000}; ///< >= `initial`.
  double factor = 2;                       ///< >= 1.
  /// By how much a wait may be shortened by chance: 0 is never, 1 is to
  /// nothing.
  double jitter = 0.5;
  /// After this time without a restart, the next wait is `initial` again.
  std::chrono::milliseconds quiet{60'000};
};

/// What the engine has to know of a child. The start function is the world's
/// business.
struct child_spec {
  /// Not empty. Unique within its supervisor, unless that is a dynamic one.
  std::string id;
  supervision::restart restart = supervision::restart::permanent;
  bool significant = false;
  child_type type = child_type::worker;
  /// Unset means OTP's default: 5 s for a worker, infinity for a supervisor.
  std::optional<supervision::shutdown> shutdown = {};

  // -- beyond OTP, off by default ---------------------------------------------

  /// A budget of its own: the restarts within `period`, >= 1. They do not
  /// count against the supervisor's budget. One more does not end the
  /// supervisor: the child stays down until its budget has room again, and is
  /// started then. Unset: its restarts count as OTP's.
  std::optional<std::int64_t> intensity = {};
  /// Of that budget; >= 1 s.
  std::chrono::seconds period{5};
  std::optional<supervision::backoff> backoff = {};
  /// The start fails if the child is not ready by then; > 0 ms.
  std::optional<std::chrono::milliseconds> ready_within = {};
  /// A running child that does not report progress for this time counts as
  /// hanging, and is killed; > 0 ms.
  std::optional<std::chrono::milliseconds> progress_within = {};

  /// The shutdown in force, default applied.
  supervision::shutdown effective_shutdown() const;
};

/// A child's own budget, and how much of it is used.
struct own_budget {
  std::size_t used = 0;             ///< Restarts in its window.
  std::int64_t intensity = 0;       ///< How many are allowed …
  std::chrono::seconds period = {}; ///< … within this time.
  /// It was used up when a restart was decided, which waits for room.
  bool used_up = false;
};

/// What holds for a supervisor as a whole. Defaults are OTP's.
struct flags {
  supervision::strategy strategy = supervision::strategy::one_for_one;
  /// Restarts allowed within `period`; one more ends the supervisor. >= 0.
  std::int64_t intensity = 1;
  /// >= 1 s.
  std::chrono::seconds period{5};
  supervision::auto_shutdown auto_shutdown = supervision::auto_shutdown::never;

  // -- beyond OTP, off by default ---------------------------------------------

  /// How long a child may live on after it was killed; then it is given up as
  /// unkillable, and its slot is free. > 0 ms; unset means for ever.
  std::optional<std::chrono::milliseconds> kill_grace = {};
};

/// What holds for a supervisor whose children come and go, each with a
/// specification of its own. Defaults are Elixir's.
/// Source: Elixir DynamicSupervisor.
struct dynamic_flags {
  /// As in `flags`.
  std::int64_t intensity = 3;
  std::chrono::seconds period{5};
  /// The most children, those that are restarting included; unset means any
  /// number.
  std::optional<std::size_t> max_children = {};
  /// As in `flags`.
  std::optional<std::chrono::milliseconds> kill_grace = {};

  /// The same as `flags`.
  operator flags() const;
};

/// What is wrong with a specification: OTP's name for the mistake, the field,
/// and a sentence for a person.
struct spec_error {
  std::string code;
  std::string field;
  std::string message;
};

/// The error is the first thing wrong with `value`.
/// Source: OTP supervisor, supervisor flags.
expected<void, spec_error> validate(const flags& value);

/// The error is the first thing wrong with `spec` under a supervisor with
/// `mode`.
/// Source: OTP supervisor, check_childspecs.
expected<void, spec_error> validate(const child_spec& spec, auto_shutdown mode);

/// The error is the first thing wrong with `spec` under a dynamic supervisor.
/// Source: Elixir DynamicSupervisor, which refuses significant children.
expected<void, spec_error> validate_dynamic(const child_spec& spec);

/// The error is the first thing wrong with a list of children given at start:
/// any of its members, a duplicate id, or, for simple_one_for_one, not exactly
/// one.
expected<void, spec_error> validate(std::span<const child_spec> children,
                                    const flags& value);

std::string_view to_string(strategy value);
std::string_view to_string(restart value);
std::string_view to_string(child_type value);
std::string_view to_string(auto_shutdown value);
std::string to_string(const shutdown& value);

} // namespace coppice::supervision
