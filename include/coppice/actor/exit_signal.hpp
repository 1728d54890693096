// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/exit_reason.hpp"

#include <caf/actor.hpp>
#include <caf/error.hpp>

#include <exception>
#include <functional>

namespace caf {
class event_based_actor;
} // namespace caf

/// OTP's exit reasons and signals on CAF's errors and exit messages; and the
/// end of any actor.
namespace coppice::actor {

/// What an actor quits with, so that `to_reason` gives `reason` again. A
/// normal exit is CAF's empty error.
caf::error to_error(const supervision::exit_reason& reason);

/// Reads what an actor ended with. CAF's `kill` is OTP's `killed`; any error
/// that does not come from `to_error` is abnormal and keeps its text.
supervision::exit_reason to_reason(const caf::error& err);

/// The reason of an actor that ended by an exception: abnormal, with its text.
supervision::exit_reason to_reason(const std::exception_ptr& thrown);

/// Sends an exit signal with `reason` on behalf of `source` (may be null).
/// Any thread.
///
/// The signal overtakes what waits in the mailbox, since an OTP process that
/// does not trap exits obeys at once; it does not interrupt a running handler.
/// Unlike a CAF exit, it ends the receiver with reason normal, too.
void signal_exit(const caf::actor& receiver,
                 const supervision::exit_reason& reason,
                 const caf::abstract_actor* source = nullptr);

/// As `signal_exit`, but in line with other messages. For receivers that trap
/// exits: OTP turns the signal into a message for them.
void signal_trapped_exit(const caf::actor& receiver,
                         const supervision::exit_reason& reason,
                         const caf::abstract_actor* source);

/// Kills `receiver`; cannot be trapped and overtakes everything. Any thread.
void signal_kill(const caf::actor& receiver);

/// Whether `who` has ended, `on_exit` included; a null handle has. Any thread.
bool has_ended(const caf::actor& who);

/// Calls `fn` with what `who`, which is not null, has ended with, once its
/// `on_exit` is done: on the thread where it ended, or at once. Any thread.
void when_ended(const caf::actor& who,
                std::function<void(const caf::error&)> fn);

/// Makes exceptions end `self` with their text as reason.
void use_exception_text(caf::event_based_actor& self);

} // namespace coppice::actor
