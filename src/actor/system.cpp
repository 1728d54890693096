// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/system.hpp"

#include "actor/caf/actors.hpp"
#include "actor/messages.hpp"
#include "actor/more_types.hpp"

#include <vector>

namespace coppice::actor {

namespace {

std::vector<void (*)()>& more_types() {
  static std::vector<void (*)()> result;
  return result;
}

} // namespace

bool also_register(void (*more)()) {
  more_types().push_back(more);
  return true;
}

void register_types() {
  [[maybe_unused]] static const bool once = [] {
    by_version::register_core_types();
    register_block<caf::id_block::coppice_actor>();
    for (auto* each : more_types())
      each();
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
