// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <caf/fwd.hpp>

#include <cstddef>

/// What a program does with an actor system of its own before supervision trees
/// live in it. `coppice::configure` does it for servers and applications.
namespace coppice::actor {

/// Makes CAF's own types of messages and those of this namespace known to CAF.
/// To be called before there is a configuration object; once is enough, and
/// more does no harm. Any thread.
void register_types();

/// Makes every CAF actor obey an exit signal before the messages that wait. A
/// supervisor is notified of an actor's end only when its `on_exit` is done.
/// Both hold for every version of CAF.
void configure_mailboxes(caf::actor_system_config& config);

/// Does what `configure_mailboxes` does, and lets CAF's scheduler have
/// `threads` threads that sleep while idle.
void configure_scheduler(caf::actor_system_config& config, std::size_t threads);

} // namespace coppice::actor
