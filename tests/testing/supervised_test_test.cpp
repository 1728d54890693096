#include "coppice/testing.hpp"

#include "coppice/actor/child_spec.hpp"
#include "coppice/fault/point.hpp"
#include "coppice/supervision/child_spec.hpp"

#include <caf/event_based_actor.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

using namespace coppice::testing;
using namespace coppice::actor;
using namespace std::chrono_literals;
using coppice::supervision::backoff;
using coppice::supervision::exit_reason;
using coppice::supervision::restart;
using coppice::supervision::shutdown;
using ::testing::ElementsAre;
using ::testing::Not;

namespace {

using log_ptr = std::shared_ptr<std::vector<std::string>>;

// A plain CAF actor, which nobody told of virtual time.
class worker : public caf::event_based_actor {
public:
  worker(caf::actor_config& cfg, log_ptr log, std::string id)
      : caf::event_based_actor(cfg), log_(std::move(log)), id_(std::move(id)) {
    log_->push_back("start " + id_);
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return {
      [](const std::string& text) { throw std::runtime_error(text); },
      [this](int minutes) {
        send_after(*this, std::chrono::minutes{minutes}, std::string{"late"});
      },
    };
  }

  void on_exit() override {
    log_->push_back("end " + id_);
  }

private:
  log_ptr log_;
  std::string id_;
};

// One that can be suspended.
class pinned_worker : public pinned_actor {
public:
  pinned_worker(caf::actor_config& cfg, const start_args& args, log_ptr log)
      : pinned_actor(cfg, args.rt->time), log_(std::move(log)) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {[this](const std::string& text) { log_->push_back(text); }};
  }

private:
  log_ptr log_;
};

// Ignores every signal but a kill.
class stubborn : public worker {
public:
  using worker::worker;

  caf::behavior make_behavior() override {
    return trapping(
      *this, [](caf::exit_msg&) {},
      caf::message_handler{[](const std::string&) {}});
  }
};

class SupervisedTest : public supervised_test {
protected:
  using supervised_test::supervised_test;

  template <class T = worker>
  child_spec child(std::string id) {
    return {{.id = id},
            [log = log, id](const start_args& args) -> start_result {
              return running{args.rt->system.spawn<T>(log, id)};
            }};
  }

  static child_spec failing(std::string id) {
    return {{.id = std::move(id)}, [](const start_args&) -> start_result {
              return coppice::supervision::start_failed{
                exit_reason::abnormal("no luck")};
            }};
  }

  log_ptr log = std::make_shared<std::vector<std::string>>();
};

std::string message_of(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no exception";
}

} // namespace

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
  ASSERT_TRUE(std::holds_alternative<refused>(answer));
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
            "nobody lives at wroker; there are: test worker");
  EXPECT_EQ(message_of([&] { stop_supervised("wroker"); }),
            "nobody lives at wroker; there are: test worker");
}

TEST_F(SupervisedTest, FailsIfAChildHadToBeKilled) {
  start_supervised(child<stubborn>("mule"), {.shutdown = shutdown::infinity()});

  EXPECT_NONFATAL_FAILURE(stop_all_supervised(),
                          "mule did not end when it was told to; killed");
  EXPECT_EQ(log->back(), "end mule");
}

// -- time ---------------------------------------------------------------------

TEST_F(SupervisedTest, RunsADelayedMessageOfCAFsOwn) {
  start_supervised(child("worker"));
  tell("worker", 60);

  advance(59min);
  EXPECT_THAT(history(), Not(exited("worker")));
  advance(1min);

  EXPECT_THAT(history(), exited("worker", "late").at(1h));
}

TEST_F(SupervisedTest, GoesFromDeadlineToDeadline) {
  start_supervised(child("worker"),
                   {.backoff = backoff{.initial = 100ms, .jitter = 0}});
  crash("worker");
  EXPECT_THAT(history(), restarted("worker").times(0));

  EXPECT_TRUE(advance_to_next_timer());

  EXPECT_THAT(history(), restarted("worker").at(100ms).times(1));
  EXPECT_FALSE(advance_to_next_timer());
}

TEST_F(SupervisedTest, WaitsForWhatTheHistorySays) {
  start_supervised(child("worker"));
  tell("worker", 5);

  EXPECT_FALSE(eventually(exited("worker"), 4min));
  EXPECT_TRUE(eventually(exited("worker")));

  EXPECT_EQ(now(), 5min);
  EXPECT_FALSE(run_until([] { return false; }, 1min));
}

TEST_F(SupervisedTest, SaysWhatDidNotComeInTime) {
  start_supervised(child("worker"));

  auto result = eventually(exited("worker"));

  EXPECT_STREQ(result.message(),
               "not in time\nExpected: worker exited at least once\n"
               "  Actual: 1 event, of which 0 are so\n"
               "  =>    1       0 ms  worker started\n"
               "  => 1 more expected");
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
            "worker is not of a kind to which this can be done: see "
            "actor/structural.hpp");
  EXPECT_EQ(message_of([&] { suspend("wroker"); }),
            "nobody lives at wroker; there are: test worker");
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

// -- faults and chance --------------------------------------------------------

TEST_F(SupervisedTest, ArmsPointsThatAreDeclaredLater) {
  arm("test.point", "1*throw(armed)");
  coppice::fault::point point{faults(), "test.point", "of this test"};

  EXPECT_EQ(message_of([&] { point.apply(); }), "armed");
}

TEST_F(SupervisedTest, RefusesATermThatIsNone) {
  EXPECT_EQ(message_of([&] { arm("test.point", "3*boom"); }).substr(0, 22),
            "arm: \"3*boom\" at 2: ex");
}

TEST_F(SupervisedTest, MarksIncarnations) {
  start_supervised(child("worker"));
  crash("worker");
  mark();

  EXPECT_THAT(history(), same_incarnation("worker"));
  crash("worker");
  EXPECT_THAT(history(), new_incarnation("worker"));
}

TEST_F(SupervisedTest, RepeatsAScheduleByItsSeed) {
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

TEST_F(SupervisedTest, RunsABodyUnderManySchedules) {
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
