// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/system.hpp"

#include "actor/caf/actors.hpp"
#include "actor/messages.hpp"

namespace coppice::actor {

void register_types() {
  [[maybe_unused]] static const bool once = [] {
    by_version::register_core_types();
    register_block<caf::id_block::coppice_actor>();
    return true;
  }();
}

void configure_mailboxes(caf::actor_system_config& config) {
  by_version::configure_mailboxes(config);
}

void configure_scheduler(caf::actor_system_config& config,
                         std::size_t threads) {
  by_version::configure_scheduler(config, threads);
}

} // namespace coppice::actor
