// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/matchers.hpp"

#include <cstdint>
#include <sstream>
#include <string>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace matchers_test {

using namespace coppice::testing;
using namespace std::chrono_literals;
using coppice::observe::event_kind;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

// A worker below `app` that crashes twice.
class Matchers : public ::testing::Test {
protected:
  Matchers() {
    add(0ms, event_kind::child_started, "app/worker");
    add(0ms, event_kind::child_started, "app");
    crash(10ms, "boom", 1);
    crash(2500us, "disk on fire", 2);
    history.actors["app"]
      = {.alive = true,
         .incarnation = 1,
         .supervisor = coppice::observe::supervisor_view{
           coppice::supervision::strategy::one_for_one, 3, 5s, 2}};
    history.actors["app/worker"]
      = {.alive = true,
         .state = coppice::observe::node_state::running,
         .incarnation = 3};
  }

  void add(std::chrono::nanoseconds at, event_kind kind, std::string path,
           std::string reason = {}, std::uint64_t incarnation = 1) {
    history.events.push_back({at,
                              {.kind = kind,
                               .path = std::move(path),
                               .incarnation = incarnation,
                               .reason = std::move(reason)}});
  }

  void crash(std::chrono::nanoseconds at, std::string reason,
             std::uint64_t incarnation) {
    add(at, event_kind::child_exited, "app/worker", reason, incarnation);
    add(at, event_kind::restarting, "app/worker");
    add(at, event_kind::child_restarted, "app/worker", {}, incarnation + 1);
  }

  template <class M>
  std::string explain(M matcher) {
    ::testing::StringMatchResultListener listener;
    ::testing::ExplainMatchResult(matcher, history, &listener);
    return listener.str();
  }

  template <class M>
  static std::string describe(M matcher) {
    return ::testing::DescribeMatcher<const event_history&>(matcher);
  }

  event_history history;
};

} // namespace

TEST_F(Matchers, SeeWhatHappenedAndHowOften) {
  EXPECT_THAT(history, restarted("app/worker"));
  EXPECT_THAT(history, restarted("app/worker").times(2));
  EXPECT_THAT(history, Not(restarted("app/worker").times(1)));
  EXPECT_THAT(history, restarted("app/worker").at_least(1));
  EXPECT_THAT(history, Not(restarted("app/worker").at_least(3)));
  EXPECT_THAT(history, restarted("app").times(0));
  EXPECT_THAT(history, restarted("test/app/worker").times(2));
  EXPECT_THAT(history, restarted("app/worker").at(10ms).times(1));
}

TEST_F(Matchers, SeeReasons) {
  EXPECT_THAT(history, exited("app/worker", "boom").times(1));
  EXPECT_THAT(history, exited("app/worker", HasSubstr("fire")));
  EXPECT_THAT(
    history,
    exited("app/worker", coppice::supervision::exit_reason::abnormal("boom")));
  EXPECT_THAT(history, Not(exited("app/worker", "killed")));
}

TEST_F(Matchers, SeeAnOrder) {
  EXPECT_THAT(history, in_order(exited("app/worker", "boom"),
                                exited("app/worker", "disk on fire"),
                                restarted("app/worker")));
  EXPECT_THAT(history,
              in_order(started("app"), restarted("app/worker").times(2)));
  EXPECT_THAT(history, Not(in_order(started("app"), started("app/worker"))));
}

TEST_F(Matchers, SeeTheTree) {
  EXPECT_THAT(history, alive("app/worker"));
  EXPECT_THAT(history, Not(alive("app/nobody")));
  EXPECT_THAT(history, new_incarnation("app/worker"));
  EXPECT_THAT(history, same_incarnation("app"));
  EXPECT_THAT(history, budget("app").used(2).of(3));
  EXPECT_THAT(history, Not(budget("app").used(1)));
  EXPECT_THAT(history, Not(budget("app/worker").used(2)));
}

TEST_F(Matchers, TellWhatTheyLookFor) {
  EXPECT_EQ(describe(restarted("worker")), "worker restarted at least once");
  EXPECT_EQ(describe(restarted("worker").times(3).at(5ms)),
            "worker restarted 3 times, at 5 ms");
  EXPECT_EQ(describe(exited("worker", "boom")),
            "worker exited at least once, with a reason that is equal to "
            "\"boom\"");
  EXPECT_EQ(describe(Not(alive("worker"))), "worker is not alive");
  EXPECT_EQ(describe(in_order(exited("db"), started("db").times(2))),
            "in this order: db exited; then db started 2 times");
  EXPECT_EQ(describe(budget("app").used(2).of(3)),
            "app has used 2 of 3 restarts");
}

TEST_F(Matchers, ShowWhatWasFoundWhenThereIsTooLittle) {
  EXPECT_EQ(explain(restarted("app/worker").times(3)), R"(of which 2 are so
         … 2 more
        3      10 ms  app/worker exited: boom
        4      10 ms  app/worker restarting
   *    5      10 ms  app/worker restarted (incarnation 2)
        6   2.500 ms  app/worker exited: disk on fire
        7   2.500 ms  app/worker restarting
   *    8   2.500 ms  app/worker restarted (incarnation 3)
  => 1 more expected)");
}

TEST_F(Matchers, PointAtWhatIsTooMuch) {
  EXPECT_EQ(explain(restarted("app/worker").times(1)), R"(of which 2 are so
         … 2 more
        3      10 ms  app/worker exited: boom
        4      10 ms  app/worker restarting
   *    5      10 ms  app/worker restarted (incarnation 2)
        6   2.500 ms  app/worker exited: disk on fire
        7   2.500 ms  app/worker restarting
  =>    8   2.500 ms  app/worker restarted (incarnation 3))");
}

TEST_F(Matchers, ShowTheLastOfWhoDidSomethingElse) {
  EXPECT_EQ(explain(exited("app", "boom")), R"(of which 0 are so
        1       0 ms  app/worker started
  =>    2       0 ms  app started
        3      10 ms  app/worker exited: boom
        4      10 ms  app/worker restarting
         … 4 more
  => 1 more expected)");
}

TEST_F(Matchers, NameThoseWhoAreThereWhenThePathIsWrong) {
  history.events.resize(2);

  EXPECT_EQ(
    explain(restarted("app/wroker")),
    R"(of which 0 are so (there is no app/wroker; there are: app, app/worker)
        1       0 ms  app/worker started
        2       0 ms  app started)");
  EXPECT_EQ(explain(alive("wroker")),
            "in which wroker never existed (there is no wroker; "
            "there are: app, app/worker)");
}

TEST_F(Matchers, ShowFromWhereOnAStepIsMissing) {
  EXPECT_EQ(explain(in_order(exited("app/worker", "disk on fire"),
                             restarted("app/worker"), stopped("app"))),
            R"(in which one is missing
         … 3 more
        4      10 ms  app/worker restarting
        5      10 ms  app/worker restarted (incarnation 2)
   *    6   2.500 ms  app/worker exited: disk on fire
        7   2.500 ms  app/worker restarting
   *    8   2.500 ms  app/worker restarted (incarnation 3)
  => missing: app stopped)");
}

TEST_F(Matchers, PointAtTheStepThatCameTooEarly) {
  history.events.resize(3);

  EXPECT_EQ(explain(in_order(exited("app/worker"), started("app"))),
            R"(which has app started too early
        1       0 ms  app/worker started
  =>    2       0 ms  app started
   *    3      10 ms  app/worker exited: boom
  => app started: not after line 3)");
}

TEST_F(Matchers, ShowWhoIsNotAliveAndSinceWhen) {
  history.events.resize(3);
  history.actors["app/worker"].alive = false;
  history.actors["app/worker"].state = coppice::observe::node_state::stopped;

  EXPECT_EQ(explain(alive("app/worker")),
            R"(in which app/worker is not alive; its state is stopped
        1       0 ms  app/worker started
        2       0 ms  app started
  =>    3      10 ms  app/worker exited: boom)");
}

TEST_F(Matchers, ShowTheRestartsOfABudget) {
  history.events.resize(5);

  EXPECT_EQ(explain(budget("app").used(1)),
            R"(in which it has used 2 of 3 in 5 s
         … 1 more
        2       0 ms  app started
        3      10 ms  app/worker exited: boom
   *    4      10 ms  app/worker restarting
        5      10 ms  app/worker restarted (incarnation 2))");
}

TEST_F(Matchers, ShowTheIncarnations) {
  history.events.resize(2);
  history.actors["app/worker"].at_mark = 3;

  EXPECT_EQ(
    explain(new_incarnation("app/worker")),
    R"(in which app/worker is alive, as incarnation 3; at the mark it was 3
  =>    1       0 ms  app/worker started
        2       0 ms  app started)");
}

TEST_F(Matchers, MakeAFailureThatReadsWell) {
  history.events.resize(3);

  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(history, restarted("app/worker")),
                          R"(Value of: history
Expected: app/worker restarted at least once
  Actual: 3 events (of type coppice::testing::event_history), of which 0 are so
        1       0 ms  app/worker started
        2       0 ms  app started
  =>    3      10 ms  app/worker exited: boom
  => 1 more expected)");
}

} // namespace matchers_test
