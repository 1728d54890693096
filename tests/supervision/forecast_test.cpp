#include "coppice/supervision/forecast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace coppice::supervision;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using outcome = forecast::outcome;

namespace coppice::supervision {

void PrintTo(const step& what, std::ostream* out) {
  *out << what.id << ' ' << to_string(what.what);
}

} // namespace coppice::supervision

namespace {

const auto boom = exit_reason::abnormal("boom");

child_spec child(std::string id, restart how = restart::permanent) {
  return {.id = std::move(id), .restart = how};
}

engine running(flags settings, std::vector<child_spec> children) {
  engine result{settings, std::move(children)};
  std::vector<command> commands;
  rehearse(result, begin{}, {}, commands);
  return result;
}

engine three(strategy how) {
  return running({.strategy = how, .intensity = 1},
                 {child("a"), child("b"), child("c")});
}

step ends(std::string id) {
  return {step::kind::exited, std::move(id)};
}

step stops(std::string id) {
  return {step::kind::stopped, std::move(id)};
}

step starts(std::string id) {
  return {step::kind::started, std::move(id)};
}

} // namespace

TEST(Forecast, OneForOneRestartsTheChildAlone) {
  auto what = foresee(three(strategy::one_for_one), "b", boom, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::restarts);
  EXPECT_THAT(what->affected, ElementsAre("b"));
  EXPECT_THAT(what->steps, ElementsAre(ends("b"), starts("b")));
  EXPECT_EQ(what->used, 1U);
  EXPECT_EQ(what->intensity, 1);
  EXPECT_FALSE(what->end);
}

TEST(Forecast, OneForAllStopsInReverseAndStartsInOrder) {
  auto what = foresee(three(strategy::one_for_all), "b", boom, {});

  ASSERT_TRUE(what);
  EXPECT_THAT(what->steps, ElementsAre(ends("b"), stops("c"), stops("a"),
                                       starts("a"), starts("b"), starts("c")));
}

TEST(Forecast, RestForOneSparesWhoWasStartedBefore) {
  auto what = foresee(three(strategy::rest_for_one), "b", boom, {});

  ASSERT_TRUE(what);
  EXPECT_THAT(what->affected, ElementsAre("b", "c"));
  EXPECT_THAT(what->steps,
              ElementsAre(ends("b"), stops("c"), starts("b"), starts("c")));
}

TEST(Forecast, SaysWhatTheSupervisorEndsWithWhenItGivesUp) {
  auto machine = three(strategy::one_for_one);
  std::vector<command> commands;
  auto gone = machine.children().at(1).instance;
  rehearse(machine, child_exited{gone, boom}, {}, commands);

  auto what = foresee(machine, "b", boom, time_point{} + 1s);

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::gives_up);
  EXPECT_EQ(what->end, exit_reason::shutdown());
  EXPECT_THAT(what->affected, IsEmpty());
}

TEST(Forecast, ABudgetRefills) {
  auto machine = three(strategy::one_for_one);
  std::vector<command> commands;
  auto gone = machine.children().at(1).instance;
  rehearse(machine, child_exited{gone, boom}, {}, commands);

  auto what = foresee(machine, "b", boom, time_point{} + 7s);

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::restarts);
}

TEST(Forecast, LeavesDownWhomTheRestartTypeLeavesDown) {
  auto machine = running({}, {child("temporary", restart::temporary),
                              child("transient", restart::transient)});

  EXPECT_EQ(foresee(machine, "temporary", boom, {})->what, outcome::left_down);
  EXPECT_EQ(foresee(machine, "transient", boom, {})->what, outcome::restarts);
  EXPECT_EQ(foresee(machine, "transient", exit_reason::normal(), {})->what,
            outcome::left_down);
}

TEST(Forecast, TellsAnEndThatIsNoFailure) {
  auto leader = child("leader", restart::transient);
  leader.significant = true;
  auto machine
    = running({.auto_shutdown = auto_shutdown::any_significant}, {leader});

  auto what = foresee(machine, "leader", exit_reason::normal(), {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::ends);
  EXPECT_EQ(what->end, exit_reason::shutdown());
}

TEST(Forecast, PutsOffWhatABackOffPutsOff) {
  auto slow = child("slow");
  slow.backoff = backoff{.initial = 200ms, .jitter = 0};

  auto what = foresee(running({}, {slow}), "slow", boom, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::restarts);
  EXPECT_EQ(what->delay, 200ms);
  EXPECT_THAT(what->steps, ElementsAre(ends("slow")));
}

TEST(Forecast, LeavesTheEngineAsItWas) {
  const auto machine = three(strategy::one_for_all);

  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(foresee(machine, "a", boom, {})->what, outcome::restarts);

  EXPECT_EQ(machine.window().used({}), 0U);
  EXPECT_TRUE(machine.idle());
}

TEST(Forecast, SaysWhenTheSupervisorIsBusy) {
  auto machine = three(strategy::one_for_all);
  std::vector<command> commands;
  auto gone = machine.children().at(1).instance;
  machine.handle(child_exited{gone, boom}, {}, commands);

  EXPECT_EQ(foresee(machine, "b", boom, {})->what, outcome::busy);
}

TEST(Forecast, SaysWhenThereIsNobodyToEnd) {
  auto machine = running({}, {child("a", restart::transient)});
  std::vector<command> commands;
  auto gone = machine.children().at(1).instance;
  rehearse(machine, child_exited{gone, exit_reason::normal()}, {}, commands);

  EXPECT_EQ(foresee(machine, "a", boom, {})->what, outcome::not_running);
}

TEST(Forecast, KnowsChildrenByTheirIds) {
  EXPECT_FALSE(foresee(three(strategy::one_for_one), "d", boom, {}));
  EXPECT_FALSE(foresee(engine{dynamic_flags{}}, "a", boom, {}));
}
