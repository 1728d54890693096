// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/expected.hpp"
#include "coppice/settings.hpp"
#include "coppice/supervision/child_spec.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace coppice {

class host;

/// What an application is made of.
struct application_settings {
  std::string name;                         ///< Of its root supervisor.
  std::vector<actor::child_spec> children;  ///< Of the root, in start order.
  supervision::flags flags{.intensity = 3}; ///< Of the root.
  std::string description = "run a supervision tree"; ///< For `--help`.
  admin_settings admin = {};
  journal_settings journal = {};
  log_settings log = {};
  /// What to share with others: an actor system, which must outlive the
  /// application, events, fault points, a clock. `configure` prepares the
  /// system. Null: its own.
  actor::runtime_ptr runtime = {};
  /// The path of a supervisor in `runtime` that gets the whole tree as a
  /// temporary child. Empty: it is a tree of its own, the only one there.
  std::string below = {};
  /// Adds options of your own to the command line (CLI11), before it is read.
  std::function<void(CLI::App&)> options = {};
};

/// A supervision tree as a program, with the admin API, the page, the journal
/// and the log. Source: OTP, application.
///
/// Functions may be called from any thread, but not by an actor.
class application {
public:
  using settings_type = application_settings;

  explicit application(application_settings settings);

  /// Stops it. A handler or an actor that does not return is left behind, with
  /// all that it uses: see docs/reference/signals.md.
  ~application();

  /// Does everything that `main` has to do: reads the command line, starts the
  /// tree, waits for its end or for a signal that means stop
  /// (docs/reference/signals.md), which ends it in order; a second signal does
  /// not wait. Blocks the signals of a server in this thread: call it before
  /// you start threads.
  ///
  /// Returns the exit code: 0 done, 1 failed, 2 wrong arguments, 4 the tree
  /// gave up. Once it has run, it leaves the process itself with any but 0.
  int run(int argc, const char* const* argv);

  /// Starts the tree and returns once all children are up. For programs with a
  /// main loop of their own, and for tests.
  expected<void, start_error> start();

  /// Waits until a started tree has ended, and returns the exit code. In
  /// virtual time it runs the actors and lets time pass until then; throws
  /// `std::logic_error` if nothing happens any more.
  int wait();

  /// Ends the tree, children in reverse order, and waits for that. Nothing if
  /// it does not run.
  void stop();

  /// `http://HOST:PORT` of the admin API and the page, or `https://HOST:PORT`;
  /// empty if it is off or not started.
  std::string admin_url() const;

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

/// Prepares the configuration of an actor system that a server or an
/// application is to live in. Call it before you make the system.
void configure(caf::actor_system_config& config);

} // namespace coppice
