// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Faults that need no point in the code: they are done to an actor at a path.
/// See `crash` in tree_root.hpp, too. All functions: any thread.
namespace coppice::actor {

/// What came of such a fault.
enum class fault_outcome {
  done,
  noproc,      ///< There is no such actor.
  unsupported, ///< This cannot be done to that kind of actor.
};

/// Has the actor do nothing until `resume`: what is sent to it waits, all but
/// exit signals. For every `pinned_actor`: supervisors, acceptors, connections
/// and what `spawn_suspendable` makes. A connection reads and an acceptor
/// accepts nothing meanwhile. Source: Erlang sys:suspend, which a parent's exit
/// signal passes, too.
fault_outcome suspend(runtime& rt, std::string_view path);

/// Undoes it; does nothing to an actor that is not suspended.
fault_outcome resume(runtime& rt, std::string_view path);

/// Whether the actor at `path` is suspended.
bool is_suspended(runtime& rt, std::string_view path);

/// Sends `count` messages to the actor that it does not know.
fault_outcome flood(runtime& rt, std::string_view path, std::size_t count);

/// Has the children of the supervisor at `path` fail, again after each restart,
/// until it has used up its budget and gives up. Temporary children use none:
/// they fail until `spare`.
fault_outcome burn_budget(runtime& rt, std::string_view path);

/// Undoes `burn_budget`, if the supervisor is still there.
fault_outcome spare(runtime& rt, std::string_view path);

/// Kills one of the workers below `path`, the one that `chance` picks; returns
/// its path, or nothing if there is none. `on_behalf` as for `crash`.
std::optional<std::string> kill_random(runtime& rt, std::string_view path,
                                       std::uint64_t chance,
                                       std::string_view on_behalf = {});

} // namespace coppice::actor
