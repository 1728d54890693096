// SPDX-License-Identifier: BSD-3-Clause
//
// Schedules against a tree in this process, in virtual time: what is run
// against servers over HTTP, with another clock and another arm.

#include "actor/virtual_time.hpp"
#include "nemesis/schedule_file.hpp"
#include "nemesis/virtual_tree.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <stdexcept>

namespace run_test {

using namespace coppice;
using namespace coppice::nemesis;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

class NemesisRun : public test::actor_fixture {
protected:
  void SetUp() override {
    rt->time = &time;
    auto start = [](const actor::start_args& args) -> actor::start_result {
      return actor::running{args.rt->system.spawn<test::idle_child>(args)};
    };
    auto result
      = actor::tree_root::start(rt, "top", {.intensity = 2},
                                {{{.id = "a"}, start}, {{.id = "b"}, start}});
    ASSERT_TRUE(result) << result.error().message;
    root = *std::move(result);
  }

  void TearDown() override {
    rt->faults.disarm();
    root->stop(supervision::exit_reason::shutdown());
    time.advance(1min);
  }

  nemesis::run_log play(const std::string& steps, nemesis::clock& with) {
    auto plan
      = nemesis::parse_schedule(
          R"--({"name": "x", "duration": "20s", "steps": [)--" + steps + "]}",
          "x")
          .value();
    tree_striker striker{rt, with};
    nemesis::run run{with, striker};
    return run.play(expand(plan, 1), plan.duration);
  }

  nemesis::run_log play(const std::string& steps) {
    return play(steps, clock);
  }

  std::uint64_t restarts(const std::string& path) {
    for (auto& each : nemesis::actors_of(*rt->tree.look(time.now())))
      if (each.path == path)
        return each.incarnation - 1;
    return 0;
  }

  static std::vector<std::string> told(const nemesis::run_log& log) {
    std::vector<std::string> result;
    for (auto& each : log.entries)
      result.push_back(std::to_string(each.at.count()) + " "
                       + std::string{to_string(each.answer.what)} + " "
                       + each.answer.text);
    return result;
  }

  actor::virtual_time time{system};
  nemesis::virtual_clock clock{time};
  std::unique_ptr<actor::tree_root> root;
};

TEST_F(NemesisRun, KillsAsFastAsTheBudgetAllowsAndNoFaster) {
  auto log = play(R"--({"every": "1s", "fault": "kill", "target": "top/*",
                      "within_budget": true})--");

  EXPECT_TRUE(log.healed) << log.healed.error();
  EXPECT_EQ(log.entries.size(), 19U);
  EXPECT_EQ(restarts("top/a") + restarts("top/b"), 7U);
  EXPECT_EQ(clock.now(), 20s);
}

TEST_F(NemesisRun, TakesNoRealTime) {
  auto began = std::chrono::steady_clock::now();

  play(R"--({"at": "19s", "fault": "kill", "target": "top/a"})--");

  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  EXPECT_EQ(restarts("top/a"), 1U);
}

TEST_F(NemesisRun, UndoesWhatHasAnEnd) {
  auto log = play(R"--({"at": "1s", "for": "2s", "fault": "suspend",
                      "target": "top/a"},
                     {"at": "5s", "for": "1s", "fault": "fail_starts",
                      "target": "top/b", "count": 9})--");

  EXPECT_THAT(told(log), ElementsAre("1000 done top/a", "3000 done top/a",
                                     "5000 done actor.start:top/b",
                                     "6000 done actor.start:top/b"));
}

TEST_F(NemesisRun, HealsWhatHasNone) {
  auto log = play(R"--({"at": "1s", "fault": "arm", "point": "actor.stop",
                      "term": "drop"},
                     {"at": "1s", "fault": "refuse_stop", "target": "top/a"},
                     {"at": "2s", "fault": "suspend", "target": "top/b"})--");

  EXPECT_TRUE(log.healed) << log.healed.error();
  for (auto& each : rt->faults.list())
    EXPECT_EQ(each.term, "") << each.name;
}

TEST_F(NemesisRun, HealsWhenItIsInterrupted) {
  class interrupted_clock : public nemesis::clock {
  public:
    explicit interrupted_clock(nemesis::clock& real) : real_(real) {}
    std::chrono::milliseconds now() override {
      return real_.now();
    }
    bool wait_until(std::chrono::milliseconds when) override {
      return when < 3s && real_.wait_until(when);
    }

  private:
    nemesis::clock& real_;
  } short_lived{clock};

  auto log = play(R"--({"at": "1s", "fault": "arm", "point": "actor.stop",
                      "term": "drop"},
                     {"at": "5s", "fault": "kill", "target": "top/b"})--",
                  short_lived);

  EXPECT_TRUE(log.interrupted);
  EXPECT_EQ(log.entries.size(), 1U);
  for (auto& each : rt->faults.list())
    EXPECT_EQ(each.term, "") << each.name;
  EXPECT_EQ(restarts("top/b"), 0U);
}

TEST_F(NemesisRun, EndsAndHealsWhenSomethingIsRefused) {
  auto log = play(R"--({"at": "1s", "fault": "arm", "point": "actor.stop",
                      "term": "drop"},
                     {"at": "2s", "fault": "stall", "reactor": 0,
                      "time": "1s"},
                     {"at": "3s", "fault": "kill", "target": "top/b"})--");

  EXPECT_THAT(log.refused, HasSubstr("stall reactor 0 1000 ms: this tree"));
  EXPECT_EQ(log.entries.size(), 2U);
  for (auto& each : rt->faults.list())
    EXPECT_EQ(each.term, "") << each.name;
}

TEST_F(NemesisRun, HealsWhenAStrikeThrows) {
  class throwing : public nemesis::striker {
  public:
    nemesis::answer strike(const nemesis::moment&) override {
      throw std::runtime_error("boom");
    }
    expected<void, std::string> heal() override {
      healed = true;
      return {};
    }
    bool healed = false;
  } striker;
  nemesis::run run{clock, striker};

  EXPECT_THROW(run.play({nemesis::moment{}}, 1s), std::runtime_error);
  EXPECT_TRUE(striker.healed);
}

TEST_F(NemesisRun, TellsOfStepsThatNeverHitAnybody) {
  auto log = play(R"--({"every": "1s", "fault": "kill", "target": "top/c"},
                     {"at": "1s", "fault": "kill", "target": "top/a"})--");

  EXPECT_THAT(never_done(log),
              ElementsAre("kill top/c was never done: there is no running "
                          "actor at top/c"));
}

TEST_F(NemesisRun, SaysThatATreeThatEndedIsNotHealed) {
  auto log
    = play(R"--({"at": "1s", "fault": "burn_budget", "target": "top"})--");

  ASSERT_FALSE(log.healed);
  EXPECT_THAT(log.healed.error(), Not(IsEmpty()));
}

TEST_F(NemesisRun, IsTheSameForTheSameSeed) {
  auto steps = R"--({"every": "3s", "jitter": "1s", "fault": "kill_random",
                   "target": "top"})--";
  auto first = told(play(steps));
  nemesis::virtual_clock again{time};

  EXPECT_EQ(told(play(steps, again)), first);
  EXPECT_EQ(first.size(), 6U);
}

} // namespace

} // namespace run_test
