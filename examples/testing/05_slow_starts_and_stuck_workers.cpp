// Starts that fail, starts that take too long, workers that do nothing any
// more. All of it takes seconds, and no test waits for one.

#include <coppice/testing.hpp>

#include <variant>

using namespace coppice::actor;
using namespace coppice::testing;
using namespace std::chrono_literals;
using coppice::supervision::backoff;

namespace {

// Reports progress four times a second. The test can suspend it.
caf::actor spawn_worker(const start_args& args) {
  return spawn_suspendable(args, [args](caf::event_based_actor& self) {
    send_after(self, 250ms, std::string{"tick"});
    return caf::behavior{[args, &self](const std::string&) {
      report_progress(args);
      send_after(self, 250ms, std::string{"tick"});
    }};
  });
}

child_spec worker_child() {
  return {{.id = "worker"},
          [](const start_args& args) { return running{spawn_worker(args)}; }};
}

using Worker = supervised_test;

} // namespace

TEST_F(Worker, IsStartedAgainLaterAndLater) {
  start_supervised(worker_child(),
                   {.backoff = backoff{.initial = 100ms, .jitter = 0}});
  arm("actor.start:worker", "2*throw(not yet)");

  crash("worker");
  advance(1s);

  EXPECT_THAT(history(), start_failed("worker", "not yet").at(100ms).times(1));
  EXPECT_THAT(history(), start_failed("worker", "not yet").at(300ms).times(1));
  EXPECT_THAT(history(), restarted("worker").at(700ms).times(1));
}

TEST_F(Worker, IsNotWaitedForLongerThanItMayTake) {
  auto never_ready
    = [](const start_args& args) { return starting{spawn_worker(args)}; };

  auto answer = try_start_supervised({{.id = "worker"}, never_ready},
                                     {.ready_within = 3s});

  ASSERT_FALSE(answer);
  EXPECT_EQ(now(), 3s);
}

TEST_F(Worker, IsReplacedIfItIsStuck) {
  start_supervised(worker_child(), {.progress_within = 1s});
  advance(10s);
  EXPECT_THAT(history(), stalled("worker").times(0));

  suspend("worker");
  advance(2s);

  EXPECT_THAT(history(), in_order(stalled("worker"), exited("worker"),
                                  restarted("worker")));
}
