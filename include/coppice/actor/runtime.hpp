#pragma once

#include "coppice/actor/directory.hpp"
#include "coppice/observe/event_bus.hpp"
#include "coppice/observe/tree.hpp"

#include <caf/actor_system.hpp>

#include <memory>

namespace coppice::actor {

/// What all actors of one supervision tree share. Every part is thread-safe.
struct runtime {
  explicit runtime(caf::actor_system& sys) : system(sys) {
    // nop
  }

  caf::actor_system& system;
  observe::tree tree;
  observe::event_bus events;
  actor::directory directory;
};

using runtime_ptr = std::shared_ptr<runtime>;

} // namespace coppice::actor
