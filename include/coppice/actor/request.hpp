// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/pending.hpp"
#include "coppice/supervision/outcome.hpp"

#include <any>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What can be asked of a supervisor that runs. Any thread may ask; nothing
/// blocks but `pending::get`. A supervisor that has ended refuses with noproc,
/// also what it had not answered before it ended.
///
/// Source: OTP supervisor; Elixir DynamicSupervisor.
namespace coppice::actor {

/// One line of `which_children`.
struct child_info {
  std::string id; ///< Empty for children without an id of their own.
  supervision::child_state state;
  caf::actor child; ///< Null unless running.
  supervision::child_type type;
};

/// Adds a child to the end of the start order, and starts it. To a dynamic
/// supervisor ids mean nothing. Refused: already_started with the child,
/// already_present, start_failed with the reason, invalid_spec,
/// simple_one_for_one, max_children.
pending<child_ref> start_child(const caf::actor& supervisor, child_spec spec);

/// Starts one more child from the template of a simple_one_for_one supervisor.
/// The start function finds `arguments` in its `start_args`, at each restart
/// as well.
pending<child_ref> start_child(const caf::actor& supervisor,
                               std::any arguments = {});

/// Stops a child by the shutdown protocol; not restarted. Done when it is down.
/// Refused: not_found, simple_one_for_one.
pending<supervision::done> terminate_child(const caf::actor& supervisor,
                                           std::string_view id);

/// The same for a child of a simple_one_for_one or dynamic supervisor. A dead
/// stranger counts as stopped under simple_one_for_one, and is not found
/// elsewhere.
pending<supervision::done> terminate_child(const caf::actor& supervisor,
                                           const caf::actor& child);

/// Starts a child that is down. Refused: running, restarting, not_found,
/// start_failed, simple_one_for_one.
pending<child_ref> restart_child(const caf::actor& supervisor,
                                 std::string_view id);

/// Removes the specification of a child that is down. Refused: running,
/// restarting, not_found, simple_one_for_one.
pending<supervision::done> delete_child(const caf::actor& supervisor,
                                        std::string_view id);

/// `terminate_child` and `delete_child` in one step, so that no group restart
/// comes in between and brings the child back. Refused: not_found,
/// simple_one_for_one.
pending<supervision::done> remove_child(const caf::actor& supervisor,
                                        std::string_view id);

/// All children, the newest first.
pending<std::vector<child_info>> which_children(const caf::actor& supervisor);

/// One line of `which_children`. Refused: not_found, simple_one_for_one.
///
/// Source: OTP supervisor, which_child (28).
pending<child_info> which_child(const caf::actor& supervisor,
                                std::string_view id);

/// The same for a child of a simple_one_for_one or dynamic supervisor. One that
/// is restarting is found by the handle that it had; OTP 29.1.2 does not find
/// it. Refused: not_found, also elsewhere.
pending<child_info> which_child(const caf::actor& supervisor,
                                const caf::actor& child);

/// How many specifications there are, how many children run, and how many are
/// workers or supervisors. Never refused while the supervisor lives.
pending<supervision::child_counts> count_children(const caf::actor& supervisor);

/// Under simple_one_for_one, `id` is that of the template. Refused: not_found.
pending<supervision::child_spec> get_childspec(const caf::actor& supervisor,
                                               std::string_view id);

/// The template of a simple_one_for_one supervisor, by one of its children or
/// a dead actor. Refused: not_found.
pending<supervision::child_spec> get_childspec(const caf::actor& supervisor,
                                               const caf::actor& child);

/// Asks the supervisor to end with `reason`, its children first. Done when it
/// is down with that reason, even if others asked for it too. To its supervisor
/// it is a child that ended so: a permanent one is restarted.
///
/// Refused: ended, with the true reason, if it ended otherwise; timeout, if it
/// is not down within `limit` (none: however long it takes), and then it still
/// ends; noproc, if it had ended before. A timeout is reported on a thread of
/// CAF's scheduler, or by virtual time.
///
/// A child may ask this of its own supervisor, by `then`. A handler that waits
/// for the answer prevents its own actor from being stopped.
///
/// Source: OTP supervisor, stop/3 (29).
pending<supervision::done>
stop(const caf::actor& supervisor,
     supervision::exit_reason reason = supervision::exit_reason::normal(),
     std::optional<std::chrono::milliseconds> limit = {});

} // namespace coppice::actor
