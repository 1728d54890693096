// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/deliver.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/net/endpoint.hpp"
#include "coppice/testing/matchers.hpp"
#include "coppice/testing/tcp_client.hpp"
#include "coppice/testing/world.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace coppice::actor {
enum class fault_outcome;
} // namespace coppice::actor

namespace coppice::testing {

/// Fields of a specification to be others for one start; what is unset stays.
struct spec_overrides {
  std::optional<std::string> id = {};
  std::optional<supervision::restart> restart = {};
  std::optional<supervision::shutdown> shutdown = {};
  std::optional<supervision::backoff> backoff = {};
  std::optional<std::chrono::milliseconds> ready_within = {};
  std::optional<std::chrono::milliseconds> progress_within = {};
};

/// A test with a supervisor of its own, a clock that it moves, and a record of
/// all that happens:
///
///     using Worker = coppice::testing::supervised_test;
///
///     TEST_F(Worker, IsRestarted) {
///       start_supervised({{.id = "worker"}, start_worker});
///       crash("worker");
///       EXPECT_THAT(history(), restarted("worker").times(1));
///     }
///
/// Children are ended in reverse order before the next test, in `TearDown`: an
/// override has to call it, and what actors refer to has to live until then, so
/// not in the body of the test. A failed test prints its seed.
///
/// A mistake in a test itself, such as a path without an actor, throws
/// std::invalid_argument, whose text lists the actors that there are. All
/// functions are for the test's thread. Source: ExUnit, start_supervised.
class supervised_test : public ::testing::Test {
public:
  explicit supervised_test(world_settings settings = {});
  ~supervised_test() override;

protected:
  void TearDown() override;

  // -- children ---------------------------------------------------------------

  /// Starts `child`, a worker or a whole tree (`supervisor_child`), below the
  /// test's supervisor, and waits until it is up. Its restarts never use up the
  /// supervisor's budget. Throws std::runtime_error if it cannot be started,
  /// also if its id is taken.
  caf::actor start_supervised(actor::child_spec child,
                              const spec_overrides& overrides = {});

  /// The same for what may fail.
  actor::answer<actor::child_ref>
  try_start_supervised(actor::child_spec child,
                       const spec_overrides& overrides = {});

  /// Stops a child and waits for its end; its id is free again.
  void stop_supervised(std::string_view id);

  /// Stops all children in reverse order, as the end of the test would. Fails
  /// the test if one had to be killed. Nothing can be started after that.
  void stop_all_supervised();

  // -- servers ----------------------------------------------------------------

  /// Starts a `coppice::server` or a `coppice::application` as a child of the
  /// test's supervisor, and waits until it is up:
  ///
  ///     auto& shout = start<coppice::server>({.name = "shout",
  ///                                           .handler = handled_by<...>()});
  ///
  /// It lives in the test's runtime, so in virtual time as well; its sockets
  /// are real. It has one acceptor unless `settings` say otherwise, and no
  /// admin API, journal or log. It is stopped before the children are, and can
  /// be used until the next test. When it gives up, it is not restarted. Throws
  /// std::runtime_error if it does not start.
  template <class Program>
  Program& start(typename Program::settings_type settings) {
    settings.runtime = rt();
    settings.below = supervisor_path;
    settings.admin.where = "off";
    settings.journal.file = "off";
    settings.log.level = "off";
    if constexpr (requires { settings.acceptors; })
      if (settings.acceptors == 0)
        settings.acceptors = 1;
    auto made = std::make_shared<Program>(std::move(settings));
    if (auto up = made->start(); !up)
      throw std::runtime_error{"start: " + up.error().text};
    programs_.push_back([made] { made->stop(); });
    return *made;
  }

  /// A client of a server of this test. While it waits, the actors run; virtual
  /// time stands still.
  tcp_client connect(const net::endpoint& where);

  /// The same by the server.
  template <class Program>
  tcp_client connect(const Program& to) {
    return connect(to.local().value());
  }

  // -- time -------------------------------------------------------------------

  /// Virtual time: runs until no actor has anything more to do at this time.
  /// `history` does it, too.
  void settle();

  /// Virtual time: lets `delay` pass, from deadline to deadline.
  void advance(std::chrono::nanoseconds delay);

  /// Virtual time: goes on to the next deadline. False if there is none.
  bool advance_to_next_timer();

  /// Lets time pass until `holds`, for at most `limit`.
  [[nodiscard]] bool run_until(const std::function<bool()>& holds,
                               std::chrono::nanoseconds limit);

  /// The same for what can be said of the history; by either clock:
  ///
  ///     EXPECT_TRUE(eventually(restarted("worker")));
  [[nodiscard]] ::testing::AssertionResult
  eventually(::testing::Matcher<const event_history&> what,
             std::optional<std::chrono::nanoseconds> limit = {});

  /// Since the start of the test.
  std::chrono::nanoseconds now() const;

  // -- faults, by path --------------------------------------------------------
  //
  // The end of a path is enough where it fits one living actor.

  /// Ends an actor as if it had failed, with `text` as its reason. As all of
  /// these it sends a signal, which is obeyed when the actors next run.
  void crash(std::string_view path, std::string text = "crash");

  /// Ends it with any reason. A supervisor stops its children first.
  void exit(std::string_view path, const supervision::exit_reason& reason);

  /// Kills it; a kill cannot be trapped.
  void kill(std::string_view path);

  /// The actor does nothing until `resume`; a kill ends it nevertheless. For
  /// supervisors and what `actor::spawn_suspendable` starts.
  void suspend(std::string_view path);
  void resume(std::string_view path);

  /// Has the children of a supervisor fail, again after each restart, until it
  /// gives up.
  void burn_budget(std::string_view path);

  /// Sends `content` to the actor at `path`, without a sender.
  template <class T>
  void tell(std::string_view path, T&& content) {
    actor::deliver(actor_at(path), std::forward<T>(content));
  }

  /// Arms fault points until the end of the test, those that are declared later
  /// included. That none of that name ever was is a failure of the test. Throws
  /// std::invalid_argument if `term` is none.
  void arm(std::string_view point, std::string_view term);

  void disarm(std::string_view point = "*");

  // -- schedules --------------------------------------------------------------

  /// Virtual time: from now on it is chance that decides which actor runs next.
  /// The same number, the same order. Before the first child is started, best.
  void schedule_seed(std::uint64_t seed);

  /// Runs `body` under `n` schedules, each by chance and in a new world: with
  /// no children, no history, no armed points. Stops at the first that fails
  /// and says which seed it had; with that seed in COPPICE_TEST_SEED only that
  /// one is run.
  void for_each_schedule(std::size_t n, const std::function<void()>& body);

  /// Chance for the test itself, by its seed.
  std::mt19937_64& chance() noexcept {
    return chance_;
  }

  // -- looking ----------------------------------------------------------------

  /// What the matchers are for.
  const event_history& history();

  /// From here on `new_incarnation` is counted.
  void mark();

  /// Drops the events so far.
  void forget_history();

  /// The actor that is alive at `path` now.
  caf::actor actor_at(std::string_view path);

  caf::actor_system& system() {
    return world_->system();
  }

  const actor::runtime_ptr& rt() const {
    return world_->rt();
  }

  fault::registry& faults() {
    return world_->faults();
  }

private:
  void renew(world_settings settings);
  void end();
  void expect_done(actor::fault_outcome result, std::string_view path);
  std::string path_of(std::string_view end);
  [[noreturn]] void complain_of(std::string_view path);

  world_settings settings_;
  std::unique_ptr<world> world_;
  std::vector<std::function<void()>> programs_; // each keeps one, and stops it
  std::mt19937_64 chance_;
};

/// The same by the computer's clock, for trees with threads of their own, such
/// as coppice's listeners. Nothing settles here: wait by `eventually`.
class real_time_supervised_test : public supervised_test {
public:
  explicit real_time_supervised_test(world_settings settings = {});
};

} // namespace coppice::testing
