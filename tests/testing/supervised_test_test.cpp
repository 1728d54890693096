// SPDX-License-Identifier: BSD-3-Clause

#include "workers_fixture.hpp"

#include <gtest/gtest-spi.h>

#include <variant>

namespace supervised_test_test {

using namespace coppice::actor;
using namespace coppice::test;
using namespace coppice::testing;
using namespace std::chrono_literals;
using coppice::supervision::restart;
using coppice::supervision::shutdown;
using ::testing::ElementsAre;
using ::testing::Not;

using SupervisedTest = workers_fixture;

// -- children -----------------------------------------------------------------

TEST_F(SupervisedTest, RestartsAPlainActor) {
  auto first = start_supervised(child("worker"));

  crash("worker", "boom");

  EXPECT_THAT(history(), in_order(started("worker"), exited("worker", "boom"),
                                  restarted("worker")));
  EXPECT_THAT(history(), new_incarnation("worker"));
  EXPECT_NE(actor_at("worker"), first);
}

TEST_F(SupervisedTest, EndsChildrenInReverseOrder) {
  start_supervised(child("a"));
  start_supervised(child("b"));

  stop_all_supervised();

  EXPECT_THAT(*log, ElementsAre("start a", "start b", "end b", "end a"));
}

TEST_F(SupervisedTest, StopsOneAndFreesItsId) {
  start_supervised(child("a"));

  stop_supervised("a");
  start_supervised(child("a"));

  EXPECT_THAT(*log, ElementsAre("start a", "end a", "start a"));
  EXPECT_THAT(history(), stopped("a").times(1));
}

TEST_F(SupervisedTest, StopsATemporaryOne) {
  start_supervised(child("a"), {.restart = restart::temporary});

  stop_supervised("a");

  EXPECT_THAT(*log, ElementsAre("start a", "end a"));
}

TEST_F(SupervisedTest, RefusesAnIdThatIsTaken) {
  start_supervised(child("a"));

  EXPECT_EQ(message_of([&] { start_supervised(child("a")); }),
            "start_supervised: a: already_started; there is a child of this "
            "id: give this one another, or call stop_supervised(\"a\") before");
  EXPECT_NO_THROW(start_supervised(child("a"), {.id = "b"}));
}

TEST_F(SupervisedTest, SaysWhyAStartFailed) {
  EXPECT_EQ(message_of([&] { start_supervised(failing("a")); }),
            "start_supervised: a: start_failed: no luck");
  auto answer = try_start_supervised(failing("a"));
  ASSERT_FALSE(answer);
}

TEST_F(SupervisedTest, OverridesASpecification) {
  start_supervised(child("a"), {.restart = restart::temporary});

  crash("a");

  EXPECT_THAT(history(), restarted("a").times(0));
  EXPECT_THAT(history(), Not(alive("a")));
}

TEST_F(SupervisedTest, NeverTrips) {
  start_supervised(child("a"));

  for (auto i = 0; i < 100; ++i) {
    kill("a");
    settle();
  }

  EXPECT_THAT(history(), restarted("a").times(100));
}

TEST_F(SupervisedTest, RunsATreeOfSupervisors) {
  start_supervised(
    supervisor_child("app", {.intensity = 2, .period = 5s},
                     {child("worker"), dynamic_supervisor("pool")}));

  crash("app/worker", "boom");

  EXPECT_THAT(history(), budget("app").used(1).of(2));
  EXPECT_THAT(history(), alive("app/pool"));
  advance(7s);
  EXPECT_THAT(history(), budget("app").used(0).of(2));
}

TEST_F(SupervisedTest, NamesWhoIsThereWhenAPathIsWrong) {
  start_supervised(child("worker"));

  EXPECT_EQ(message_of([&] { crash("wroker"); }),
            "no actor is at wroker; there are: test worker");
  EXPECT_EQ(message_of([&] { stop_supervised("wroker"); }),
            "no actor is at wroker; there are: test worker");
}

TEST_F(SupervisedTest, FailsIfAChildHadToBeKilled) {
  start_supervised(child<stubborn>("mule"), {.shutdown = shutdown::infinity()});

  EXPECT_NONFATAL_FAILURE(stop_all_supervised(),
                          "mule did not end when it was asked to; killed");
  EXPECT_EQ(log->back(), "end mule");
}

// -- by path ------------------------------------------------------------------

TEST_F(SupervisedTest, SuspendsAnActorAndResumesIt) {
  start_supervised({{.id = "worker"}, [this](const start_args& args) {
                      return running{
                        args.rt->system.spawn<pinned_worker>(args, log)};
                    }});
  suspend("worker");
  tell("worker", std::string{"hello"});
  settle();
  EXPECT_THAT(*log, ElementsAre());

  resume("worker");
  settle();

  EXPECT_THAT(*log, ElementsAre("hello"));
}

TEST_F(SupervisedTest, SaysThatAPlainActorCannotBeSuspended) {
  start_supervised(child("worker"));

  EXPECT_EQ(message_of([&] { suspend("worker"); }),
            "worker cannot do that: only supervisors have a budget, and only "
            "supervisors and what spawn_suspendable starts can be suspended");
  EXPECT_EQ(message_of([&] { suspend("wroker"); }),
            "no actor is at wroker; there are: test worker");
}

TEST_F(SupervisedTest, BurnsABudget) {
  start_supervised(supervisor_child("app", {.intensity = 5}, {child("a")}));

  burn_budget("app");

  EXPECT_THAT(history(), in_order(exited("app/a", "budget burnt").times(6),
                                  gave_up("app"), restarted("app")));
}

TEST_F(SupervisedTest, ArmsAPointOfCoppicesByPath) {
  start_supervised(child("worker"));
  arm("actor.start:worker", "3*throw(no)");

  crash("worker");

  EXPECT_THAT(history(), fault_fired("actor.start:worker").times(3));
  EXPECT_THAT(history(), start_failed("worker", "no").times(3));
  EXPECT_THAT(history(), alive("worker"));
}

} // namespace supervised_test_test
