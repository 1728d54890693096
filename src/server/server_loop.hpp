// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/virtual_time.hpp"
#include "coppice/actor/tree_root.hpp"
#include "net/listener_set.hpp"
#include "server/server_signals.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coppice {

class loop_part;

/// How long the end of a server may take.
struct drain_times {
  /// For connections to finish.
  std::chrono::milliseconds timeout{0};
  /// How long clients are still taken before that, while the server says that
  /// it is not ready.
  std::chrono::milliseconds delay{0};
};

/// How the end of a tree of programs differs from that of actors: it may take
/// as long as the programs do, and they can be killed. Functions are called
/// from any thread.
struct end_of_programs {
  /// Kills all programs.
  std::function<void()> kill;
  /// What an orderly end ends with.
  std::function<int()> exit_code;
  /// Of the whole stop; then all that is left is killed. Unset: no limit.
  std::optional<std::chrono::milliseconds> stop_within = {};
};

/// What runs. Its functions are called by the loop's thread.
struct running_server {
  actor::tree_root& root;
  net::listener_set listeners = {};
  std::function<drain_times()> times = {};
  /// A stop signal came during the start: the next one is the second.
  bool stop_came = false;
  /// Called for signals that do not end it; may be empty.
  std::function<void(signal_meaning)> on_signal = {};
  /// Looked after until the end; none is null.
  std::vector<loop_part*> parts = {};
  const end_of_programs* programs = nullptr; ///< Null: there are none.
  /// Whether a tree of programs that has ended gave up. Set if there are some.
  std::function<bool()> has_given_up = {};
};

/// How a server ended.
struct end_result {
  int code = 0;          ///< As the process should end with.
  bool orderly = true;   ///< False: actors are left that nothing ends any more.
  bool at_once = false;  ///< A second signal came: nothing is waited for.
  std::string text = {}; ///< For a person; empty: nothing went wrong.
};

/// Waits for the end of a server.
class server_loop {
public:
  /// Which signals end the server.
  enum class signals {
    none,
    stop, ///< Those of `block_server_signals`.
  };

  /// Takes the descriptors that it needs, so that clients cannot leave it
  /// without: to be made before the server listens. Throws
  /// `std::system_error` if there are none.
  explicit server_loop(signals which);

  ~server_loop();

  /// Returns how the server ended: with code 0 after a signal or `drain`, 4 if
  /// the tree gave up. A tree of programs says itself what an orderly end ends
  /// with, be it that somebody asked for it or that it ended itself.
  ///
  /// The first signal closes the port and lets connections finish until the
  /// drain timeout; after a second one this returns at once. Programs are
  /// killed at the second signal, and left behind at the third.
  end_result run(running_server server);

  /// Does the same as a guest of `time`, which has to outlive this. Returns at
  /// once; see `result`.
  void run_in(actor::virtual_time& time, running_server server);

  /// How a server in virtual time ended; nothing before.
  std::optional<end_result> result() const;

  /// Does what a first signal does, with a drain timeout of its own if there is
  /// one; nothing if the end has begun. Any thread.
  void drain(std::optional<std::chrono::milliseconds> timeout);

  /// The same, at once: another process takes the clients by now.
  void retire();

  /// Has the loop call `fn`, and says whether it will: not if it is over. Its
  /// argument is whether the server serves; else its end has begun. Any thread.
  bool post(std::function<void(bool serves)> fn);

  /// One run, as far as it has got.
  class course;

private:
  struct state;

  std::shared_ptr<state> state_;
  std::unique_ptr<course> course_; // in virtual time
};

} // namespace coppice
