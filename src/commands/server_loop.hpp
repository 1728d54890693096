#pragma once

#include "coppice/actor/tree_root.hpp"
#include "coppice/net/listener.hpp"
#include "coppice/observe/event_bus.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace coppice::commands {

/// Keeps SIGTERM and SIGINT from ending the process; a `server_loop` takes
/// them. To be called before there are threads.
void block_stop_signals();

/// What runs.
struct running_server {
  actor::tree_root& root;
  net::listener& listener;
  std::chrono::milliseconds drain_timeout;
};

/// Waits for the end of a server.
class server_loop {
public:
  /// Takes the descriptors that it needs, so that clients cannot leave it
  /// without: to be made before the server listens. Throws
  /// `std::system_error` if there are none.
  server_loop();

  ~server_loop();

  /// Returns the exit code: 0 after a signal, 4 if the tree gave up.
  ///
  /// The first signal closes the port and lets connections finish until the
  /// drain timeout; a second one does not wait.
  int run(running_server server);

  /// Does what a first signal does, with a drain timeout of its own if there is
  /// one; nothing if the end has begun. Any thread.
  void drain(std::optional<std::chrono::milliseconds> timeout);

private:
  struct state;

  std::shared_ptr<state> state_;
};

} // namespace coppice::commands
