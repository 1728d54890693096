// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/child_spec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::observe {

/// What happened. Severity follows from it.
enum class event_kind {
  child_started,   ///< For the first time, or after somebody asked for it.
  child_restarted, ///< Automatically.
  exit_requested,  ///< Somebody asked for its end; its detail says who.
  child_exited,
  child_stopped, ///< Because its supervisor told it to.
  start_failed,
  restarting, ///< The decision; its detail says what, why and the budget.
  stalled,    ///< It made no progress for too long, and is being killed.
  unkillable, ///< A kill did not end it in time; it is replaced.
  gave_up,    ///< Too many restarts: the supervisor ends.
  connection_crashed,
  client_refused, ///< Before it got to a handler; its detail says who and why.
  accept_paused,
  accept_resumed,
  listening,
  suspended, ///< No more clients until it is resumed.
  draining,
  alarm,            ///< The number of connections set as an alarm is reached.
  held_up,          ///< A reactor or the journal made no progress.
  fault_armed,      ///< Somebody asked for a fault.
  fault_fired,      ///< … and it happened. The path is the point's name.
  fault_cleared,    ///< It will not happen any more.
  journal_failed,   ///< Events are not kept on disk.
  journal_resumed,  ///< … and now they are, again.
  journal_replaced, ///< A new file is begun, since the last one is of no use.
  certificates_loaded,  ///< New ones are in force.
  certificates_refused, ///< They are of no use; those before stay in force.
  certificate_expires,  ///< Before long, or it has.
  reloaded,             ///< What was read from files was read again.
  reload_refused, ///< … and is wrong, or cannot be done: nothing has changed.
  took_over,      ///< This process replaces another one.
  replaced,       ///< Another process replaces this one.
  upgrade_failed, ///< … or was to, and was of no use.
  notice,
};

/// Reasons in events are cut to this many bytes, with a mark.
constexpr std::size_t longest_reason = 1024;

/// … and details, which may repeat reasons, to this many.
constexpr std::size_t longest_detail = 4096;

/// `text`, or as much of its beginning as fits into `limit` bytes with a mark
/// that says how much there was. No character of UTF-8 is cut in two.
std::string shortened(std::string text, std::size_t limit = longest_reason);

/// What a supervisor decided about a child that has ended.
struct decision {
  supervision::restart restart = supervision::restart::permanent;
  supervision::strategy strategy = supervision::strategy::one_for_one;
  std::vector<std::string> affected = {}; ///< Ids in start order; 16 at most.
  std::size_t affected_count = 0;         ///< How many there really are.
  std::size_t budget_used = 0;            ///< This restart included.
  std::int64_t intensity = 0;             ///< The budget: restarts …
  std::chrono::seconds period = {};       ///< … within this time.
  std::chrono::milliseconds delay = {};   ///< Of the restart.
  /// What it counted against, if the child has a budget of its own.
  std::optional<supervision::own_budget> own = {};
};

/// One thing that happened to one actor.
struct event {
  std::uint64_t seq = 0;   ///< Set by the bus; 1, 2, 3, …
  std::uint64_t cause = 0; ///< The event that led to this one; 0: none.
  supervision::time_point time = {};
  std::chrono::system_clock::time_point wall_time = {};
  event_kind kind = event_kind::notice;
  std::string path;                     ///< Of the actor it happened to.
  std::uint64_t incarnation = 0;        ///< Of that actor; 0: not known.
  std::string reason = {};              ///< An exit reason, where there is one.
  std::string detail = {};              ///< For a person.
  std::optional<decision> decided = {}; ///< Of `restarting` and `gave_up`.
};

/// `child_exited`: the name in the code, which is that of files and the API.
std::string_view to_string(event_kind value);

/// The names of all kinds.
std::vector<std::string_view> all_event_kinds();

/// Nothing if there is no such kind.
std::optional<event_kind> event_kind_from(std::string_view name);

enum class severity { info, warning, error };

std::string_view to_string(severity value);

severity severity_of(const event& ev);

/// One line for a person: what happened, where, and why. It is safe for logs
/// and terminals, whatever the event contains.
std::string describe(const event& ev);

} // namespace coppice::observe
