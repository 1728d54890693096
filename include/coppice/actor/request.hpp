#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/pending.hpp"
#include "coppice/supervision/command.hpp"

#include <any>
#include <cstdint>
#include <memory>
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

/// All children, the newest first.
pending<std::vector<child_info>> which_children(const caf::actor& supervisor);

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

} // namespace coppice::actor
