// SPDX-License-Identifier: BSD-3-Clause

#include "workers_fixture.hpp"

#include <cstdint>

namespace time_test {

using namespace coppice::actor;
using namespace coppice::test;
using namespace coppice::testing;
using namespace std::chrono_literals;
using coppice::supervision::backoff;
using ::testing::Not;

using TimeOfATest = workers_fixture;
using ChanceOfATest = workers_fixture;

// -- time ---------------------------------------------------------------------

TEST_F(TimeOfATest, RunsADelayedMessageOfCAFsOwn) {
  start_supervised(child("worker"));
  tell("worker", 60);

  advance(59min);
  EXPECT_THAT(history(), Not(exited("worker")));
  advance(1min);

  EXPECT_THAT(history(), exited("worker", "late").at(1h));
}

TEST_F(TimeOfATest, GoesFromDeadlineToDeadline) {
  start_supervised(child("worker"),
                   {.backoff = backoff{.initial = 100ms, .jitter = 0}});
  crash("worker");
  EXPECT_THAT(history(), restarted("worker").times(0));

  EXPECT_TRUE(advance_to_next_timer());

  EXPECT_THAT(history(), restarted("worker").at(100ms).times(1));
  EXPECT_FALSE(advance_to_next_timer());
}

TEST_F(TimeOfATest, WaitsForWhatTheHistorySays) {
  start_supervised(child("worker"));
  tell("worker", 5);

  EXPECT_FALSE(eventually(exited("worker"), 4min));
  EXPECT_TRUE(eventually(exited("worker")));

  EXPECT_EQ(now(), 5min);
  EXPECT_FALSE(run_until([] { return false; }, 1min));
}

TEST_F(TimeOfATest, SaysWhatDidNotComeInTime) {
  start_supervised(child("worker"));

  auto result = eventually(exited("worker"));

  EXPECT_STREQ(result.message(),
               "not in time\nExpected: worker exited at least once\n"
               "  Actual: 1 event, of which 0 are so\n"
               "  =>    1       0 ms  worker started\n"
               "  => 1 more expected");
}

// -- faults and chance --------------------------------------------------------

TEST_F(ChanceOfATest, ArmsPointsThatAreDeclaredLater) {
  arm("test.point", "1*throw(armed)");
  coppice::fault::point point{faults(), "test.point", "of this test"};

  EXPECT_EQ(message_of([&] { point.apply(); }), "armed");
}

TEST_F(ChanceOfATest, RefusesATermThatIsNone) {
  EXPECT_EQ(message_of([&] { arm("test.point", "3*boom"); }).substr(0, 22),
            "arm: \"3*boom\" at 2: ex");
}

TEST_F(ChanceOfATest, MarksIncarnations) {
  start_supervised(child("worker"));
  crash("worker");
  mark();

  EXPECT_THAT(history(), same_incarnation("worker"));
  crash("worker");
  EXPECT_THAT(history(), new_incarnation("worker"));
}

TEST_F(ChanceOfATest, RepeatsAScheduleByItsSeed) {
  auto order_under = [&](std::uint64_t seed) {
    for (auto id : {"a", "b", "c", "d"})
      start_supervised(child(id));
    log->clear();
    schedule_seed(seed);
    for (auto id : {"a", "b", "c", "d"})
      crash(id);
    settle();
    for (auto id : {"a", "b", "c", "d"})
      stop_supervised(id);
    return *log;
  };

  auto first = order_under(1);

  EXPECT_EQ(order_under(1), first);
  EXPECT_NE(order_under(2), first);
}

TEST_F(ChanceOfATest, RunsABodyUnderManySchedules) {
  std::vector<std::string> orders;

  for_each_schedule(20, [&] {
    log->clear();
    start_supervised(child("a"));
    start_supervised(child("b"));
    crash("a");
    crash("b");
    settle();
    orders.push_back((*log)[2]);
  });

  EXPECT_EQ(orders.size(), 20U);
  EXPECT_THAT(orders, ::testing::Contains("end a"));
  EXPECT_THAT(orders, ::testing::Contains("end b"));
}

// -- real time ----------------------------------------------------------------

using RealTimeSupervisedTest = real_time_supervised_test;

TEST_F(RealTimeSupervisedTest, RestartsAChildOnCAFsThreads) {
  auto log = std::make_shared<std::vector<std::string>>();
  start_supervised({{.id = "worker"}, [log](const start_args& args) {
                      return running{
                        args.rt->system.spawn<worker>(log, "worker")};
                    }});

  kill("worker");

  EXPECT_TRUE(eventually(restarted("worker")));
  EXPECT_TRUE(eventually(alive("worker")));
  EXPECT_THROW(settle(), std::logic_error);
}

} // namespace time_test
