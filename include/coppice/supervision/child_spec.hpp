#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace coppice::supervision {

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

/// What the engine has to know of a child. The start function is the world's
/// business.
struct child_spec {
  /// Unique within its supervisor; not empty.
  std::string id;
  supervision::restart restart = supervision::restart::permanent;
  bool significant = false;
  child_type type = child_type::worker;
  /// Unset means OTP's default: 5 s for a worker, infinity for a supervisor.
  std::optional<supervision::shutdown> shutdown = {};

  /// The shutdown in force, default applied.
  supervision::shutdown effective_shutdown() const;
};

/// What holds for a supervisor as a whole. Defaults are OTP's.
struct flags {
  supervision::strategy strategy = supervision::strategy::one_for_one;
  /// Restarts allowed within `period`; one more ends the supervisor. >= 0.
  std::int64_t intensity = 1;
  /// >= 1 s.
  std::chrono::seconds period{5};
  supervision::auto_shutdown auto_shutdown = supervision::auto_shutdown::never;
};

/// What is wrong with a specification: OTP's name for the mistake, the field,
/// and a sentence for a person.
struct spec_error {
  std::string code;
  std::string field;
  std::string message;
};

/// The first thing wrong with `value`, or nothing.
/// Source: OTP supervisor, supervisor flags.
std::optional<spec_error> validate(const flags& value);

/// The first thing wrong with `spec` under a supervisor with `mode`.
/// Source: OTP supervisor, check_childspecs.
std::optional<spec_error> validate(const child_spec& spec, auto_shutdown mode);

/// The first thing wrong with a list of children given at start: any of its
/// members, a duplicate id, or, for simple_one_for_one, not exactly one.
std::optional<spec_error> validate(std::span<const child_spec> children,
                                   const flags& value);

std::string_view to_string(strategy value);
std::string_view to_string(restart value);
std::string_view to_string(child_type value);
std::string_view to_string(auto_shutdown value);
std::string to_string(const shutdown& value);

} // namespace coppice::supervision
