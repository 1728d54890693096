// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"
#include "coppice/observe/event_bus.hpp"
#include "coppice/observe/tree.hpp"
#include "observe/histogram.hpp"
#include "observe/path_map.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::observe {

/// Why a child was restarted, as far as a counter shows it. A crash's own text
/// is not here: new texts would make new counters without end.
enum class restart_cause {
  normal,
  shutdown, ///< With a detail or without.
  killed,
  abnormal,     ///< Anything else that it ended with.
  start_failed, ///< The restart before did not succeed.
  unknown,      ///< The event that said so was not kept.
};

std::string_view to_string(restart_cause value);

/// Counts events for as long as the program runs. Paths are those of the tree,
/// and few: children that it does not show, such as those of dynamic
/// supervisors, count together as `SUPERVISOR/*`, and paths beyond `most_paths`
/// as `(others)`.
///
/// Thread-safe; not for reactors.
class event_counts {
public:
  /// At most this many paths are counted one by one.
  static constexpr std::size_t most_paths = 1024;

  static constexpr std::size_t causes
    = static_cast<std::size_t>(restart_cause::unknown) + 1;
  static constexpr std::size_t kinds
    = static_cast<std::size_t>(event_kind::notice) + 1;

  using by_cause = std::array<std::uint64_t, causes>;
  using by_kind = std::array<std::uint64_t, kinds>;

  event_counts();

  /// Counts what has happened since the last call. To be called again before
  /// `from` forgets; what it did forget is `missed`.
  void catch_up(const event_bus& from, const tree& shown);

  struct snapshot {
    by_kind events = {};
    std::uint64_t missed = 0; ///< Events that are in no other number here.
    /// Decisions to restart, by whose end or failed start led to it. Each used
    /// up one restart of its supervisor's budget.
    std::map<std::string, by_cause> restarts = {};
    /// By supervisor: those after which its budget was nearly used up.
    std::map<std::string, std::uint64_t> nearly_used = {};
    /// From the end of a child that the tree shows until it ran again.
    distribution downtime = {};
  };

  snapshot read() const;

  /// Whether nearly all of a budget is used: four fifths or more.
  static constexpr bool nearly(std::size_t used, std::int64_t intensity) {
    return intensity > 0 && used * 5 >= static_cast<std::size_t>(intensity) * 4;
  }

private:
  // What one of the last events said of how a child ended.
  struct ending {
    std::uint64_t seq = 0;
    restart_cause why = restart_cause::unknown;
  };

  void count(const event& ev, const tree& shown);
  void count_end(const event& ev, const tree& shown);
  void count_restart(const event& ev, const tree& shown);
  void remember(const event& ev, restart_cause why);
  restart_cause cause_of(const event& ev) const;

  mutable std::mutex mutex_;
  // All guarded by mutex_:
  std::uint64_t seen_ = 0; // the number of the last that was counted
  snapshot counts_;        // without the downtime
  std::vector<ending> endings_;
  path_map<supervision::time_point> down_since_;
  histogram<13> downtime_;
};

} // namespace coppice::observe
