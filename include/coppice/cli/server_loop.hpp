#pragma once

#include "coppice/actor/supervisor.hpp"
#include "coppice/net/listener.hpp"
#include "coppice/observe/event_bus.hpp"

#include <chrono>

namespace coppice::cli {

/// Keeps SIGTERM and SIGINT from ending the process; `run_until_end` takes
/// them. To be called before there are threads.
void block_stop_signals();

/// What runs.
struct running_server {
  actor::tree_root& root;
  net::listener& listener;
  observe::event_bus& events;
  std::chrono::milliseconds drain_timeout;
};

/// Waits for the end and returns the exit code: 0 after a signal, 4 if the tree
/// gave up.
///
/// The first signal closes the port and lets connections finish until the
/// drain timeout; a second one does not wait.
int run_until_end(running_server server);

} // namespace coppice::cli
