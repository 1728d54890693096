// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/tree_root.hpp"
#include "coppice/net/listener.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace coppice {

/// Keeps SIGTERM and SIGINT from ending the process; a `server_loop` takes
/// them. To be called before there are threads.
void block_stop_signals();

/// What runs.
struct running_server {
  actor::tree_root& root;
  net::listener* listener = nullptr; ///< Null: there is none.
  std::chrono::milliseconds drain_timeout{0};
};

/// How a server ended.
struct end_result {
  int code = 0;          ///< As the process should end with.
  bool orderly = true;   ///< False: actors are left that nothing ends any more.
  std::string text = {}; ///< For a person; empty: nothing went wrong.
};

/// Waits for the end of a server.
class server_loop {
public:
  /// Which signals end the server.
  enum class signals {
    none,
    stop, ///< SIGTERM and SIGINT, which have to be blocked.
  };

  /// Takes the descriptors that it needs, so that clients cannot leave it
  /// without: to be made before the server listens. Throws
  /// `std::system_error` if there are none.
  explicit server_loop(signals which);

  ~server_loop();

  /// Returns how the server ended: with code 0 after a signal or `drain`, 4 if
  /// the tree gave up.
  ///
  /// The first signal closes the port and lets connections finish until the
  /// drain timeout; a second one does not wait.
  end_result run(running_server server);

  /// Does what a first signal does, with a drain timeout of its own if there is
  /// one; nothing if the end has begun. Any thread.
  void drain(std::optional<std::chrono::milliseconds> timeout);

private:
  struct state;

  std::shared_ptr<state> state_;
};

} // namespace coppice
