// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/expected.hpp"
#include "coppice/handled_by.hpp"
#include "coppice/net/connection.hpp"
#include "coppice/net/handler.hpp"
#include "coppice/net/limits.hpp"
#include "coppice/net/listener.hpp"
#include "coppice/settings.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace coppice {

using net::connection;
using net::handler;

class host;

/// A port, and what is spoken on it.
struct listener_settings {
  std::string name = {};  ///< Of no other listener; as the name of a server.
  std::uint16_t port = 0; ///< 0: the kernel picks one.
  net::handler_factory handler = {}; ///< See `handled_by`.
  std::string bind = "::";           ///< As for a server; the same below.
  net::topology topology = net::topology::linked;
  unsigned acceptors = 0;
  net::limits limits = {};
  net::listen_options listening = {};
  net::proxy_settings proxy = {};
  std::optional<net::tls_settings> tls = {};
};

/// What a server is made of. The command line of `server::run` may change all
/// of it but the name, the handler and the children.
struct server_settings {
  /// Of the root supervisor; the listener below it is called `listener:NAME`.
  /// Letters, digits, `_`, `-` and `.`.
  std::string name;
  std::uint16_t port = 0;       ///< 0: the kernel picks one.
  net::handler_factory handler; ///< See `handled_by`.
  /// A numeric address, `localhost`, or `unix:PATH`; `::` is all, IPv4 too.
  std::string bind = "::";
  /// Whether connections fall with their acceptor or have a supervisor.
  net::topology topology = net::topology::linked;
  /// Reactors, with one acceptor each; 0: as many as CPUs may be used.
  unsigned acceptors = 0;
  net::limits limits = {};
  net::listen_options listening = {};
  /// Proxies that say who their clients are (PROXY protocol).
  net::proxy_settings proxy = {};
  std::optional<net::tls_settings> tls = {}; ///< Unset: no TLS.
  /// How long connections may go on after `stop` or a first signal.
  std::chrono::milliseconds drain_timeout = std::chrono::seconds{8};
  /// How long clients are still taken before that, while the server says that
  /// it is not ready.
  std::chrono::milliseconds drain_delay = {};
  /// Listeners beside this one. Each has a supervisor and a budget of its own;
  /// the reactors are shared. The command line does not change them.
  std::vector<listener_settings> listeners = {};
  /// Children of your own: started before the listener, stopped after it.
  std::vector<actor::child_spec> children = {};
  std::string description = "run a supervised TCP server"; ///< For `--help`.
  admin_settings admin = {};
  journal_settings journal = {};
  log_settings log = {};
  /// What to share with others: an actor system, which must outlive the
  /// server, events, fault points, a clock. `configure` prepares the system.
  /// Null: its own.
  actor::runtime_ptr runtime = {};
  /// The path of a supervisor in `runtime` that gets the whole tree as a
  /// temporary child. Empty: it is a tree of its own, the only one there.
  std::string below = {};
  /// Adds options of your own to the command line (CLI11), before it is read.
  std::function<void(CLI::App&)> options = {};
};

/// A supervised TCP server: a listener with an acceptor a reactor, the admin
/// API, the page, the journal and the log, below one supervisor.
///
///     struct shout : coppice::handler {
///       void on_data(coppice::connection& self, std::string_view data)
///       override;
///     };
///
///     int main(int argc, char** argv) {
///       return coppice::server{{.name = "shout",
///                               .port = 7000,
///                               .handler = coppice::handled_by<shout>()}}
///         .run(argc, argv);
///     }
///
/// Functions may be called from any thread, but not by an actor. Several
/// servers may live in one process.
class server {
public:
  using settings_type = server_settings;

  explicit server(server_settings settings);

  /// Stops it. A handler or an actor that does not return is left behind, with
  /// all that it uses: see docs/reference/signals.md.
  ~server();

  /// Does everything that `main` has to do: reads the command line, raises the
  /// limit of descriptors, serves until the tree ends or a signal comes that
  /// means stop (docs/reference/signals.md). The first one closes the port and
  /// lets connections finish, a second one does not wait. Blocks the signals of
  /// a server in this thread: call it before you start threads.
  ///
  /// Returns the exit code: 0 done, 1 failed, 2 wrong arguments, 4 the tree
  /// gave up. Once it has served, it leaves the process itself with any but 0.
  int run(int argc, const char* const* argv);

  /// Starts the server and returns once it listens. For programs with a main
  /// loop of their own, and for tests.
  expected<void, start_error> start();

  /// Waits until a started server has ended, and returns the exit code. In
  /// virtual time it runs the actors and lets time pass until then; throws
  /// `std::logic_error` if nothing happens any more.
  int wait();

  /// Closes the port, lets connections finish for up to the drain timeout,
  /// ends the tree and waits for that. Nothing if it does not run.
  void stop();

  /// Where it listens; nothing before the start.
  std::optional<net::endpoint> local() const;

  /// The port of that; 0 before the start and for a Unix socket.
  std::uint16_t port() const;

  /// `http://HOST:PORT` of the admin API and the page, or `https://HOST:PORT`;
  /// empty if it is off or not started.
  std::string admin_url() const;

  /// For limits, counters and operations; null before the start.
  net::listener_ptr listener() const;

  /// The listener of that name; null if there is none, and before the start.
  net::listener_ptr listener(std::string_view name) const;

  /// What the actors of the tree share; null before the start.
  actor::runtime_ptr rt() const;

  /// The root supervisor, for `actor::start_child` and the like; null before
  /// the start.
  caf::actor root() const;

private:
  std::shared_ptr<host> running() const;

  struct state;

  std::unique_ptr<state> state_;
};

} // namespace coppice
