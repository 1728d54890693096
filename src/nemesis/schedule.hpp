// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Schedules of faults: what is done to a tree, and when.
namespace coppice::nemesis {

enum class fault_kind {
  arm,         ///< A fault point, with a term.
  kill,        ///< An actor, or end it with a reason.
  kill_random, ///< A worker below the target, by chance.
  burn_budget, ///< Make a supervisor's children fail until it gives up.
  fail_starts, ///< Make the next starts of an actor fail.
  refuse_stop, ///< Make an actor ignore the request to end.
  suspend,     ///< Pause an actor.
  flood,       ///< Send an actor messages that it does not know.
  stall,       ///< Block a reactor's thread.
  toxic,       ///< Make a listener's network a bad one.
  reload,      ///< Read configuration and certificates again.
};

/// The word of the format: `kill_random`.
std::string_view to_string(fault_kind value);

/// What is done, and to what.
struct action {
  fault_kind fault = fault_kind::kill;
  /// An actor's path, the name of a fault point, or a listener's; not of stall
  /// and reload. `*` stands
  /// for any characters. Of several actors that match one is taken, the next
  /// one each time.
  std::string target = {};
  /// The term of `arm`, the reason of `kill`, the JSON of `toxic`.
  std::string detail = {};
  std::uint64_t count = 1;           ///< Of fail_starts and flood.
  unsigned reactor = 0;              ///< Of stall.
  std::chrono::milliseconds time{0}; ///< Of stall.
  bool within_budget = false;        ///< Only if a restart is left for it.

  friend bool operator==(const action&, const action&) = default;
};

/// One line of a schedule: `at` a time, or `every` so often.
struct step {
  std::chrono::milliseconds from{0};
  std::optional<std::chrono::milliseconds> every = {};
  /// Unset is the end of the schedule.
  std::optional<std::chrono::milliseconds> until = {};
  /// With `every`: each turn is up to this much later, by chance.
  std::chrono::milliseconds jitter{0};
  /// When it is undone; unset is the end of the schedule.
  std::optional<std::chrono::milliseconds> length = {};
  action what = {};
};

struct schedule {
  std::string name;
  std::string about = {};
  std::optional<std::uint64_t> seed = {};
  std::chrono::milliseconds duration{0}; ///< > 0
  bool tls = false; ///< Only against a listener that speaks TLS.
  /// Clients that begin a handshake and do not go on with it, while there are
  /// faults.
  unsigned stalled_handshakes = 0;
  std::vector<step> steps = {};
};

/// An action at its time.
struct moment {
  std::chrono::milliseconds at{0};
  std::size_t step = 0;     ///< From 0.
  std::uint64_t turn = 0;   ///< How often the step came before.
  std::uint64_t chance = 0; ///< What chance picks.
  bool undo = false;        ///< Takes back what `step` did in `turn`.
  action what = {};

  friend bool operator==(const moment&, const moment&) = default;
};

/// What is done when, in order. Pure: one seed, the same moments. Each step has
/// chance of its own, so that another one changes nothing for it.
std::vector<moment> expand(const schedule& plan, std::uint64_t seed);

/// No schedule may have more.
constexpr std::uint64_t most_moments = 1'000'000;

/// How many moments `expand` gives at most.
std::uint64_t count_moments(const schedule& plan);

/// How much later than usual an answer may come while `plan` is carried out.
std::chrono::milliseconds longest_wait(const schedule& plan);

/// Whether it drops or doubles bytes on purpose, so that answers may be wrong.
bool harms_bytes(const schedule& plan);

/// `suspend coppice/a for 300 ms`, without the time.
std::string describe(const moment& what);

} // namespace coppice::nemesis
