// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/forecast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace forecast_test {

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

TEST(Forecast, AStartThatFailsIsTriedAgainAndCosts) {
  auto machine
    = running({.intensity = 2}, {child("a"), child("b"), child("c")});

  auto what = foresee(machine, {incident::kind::fails_start, "b"}, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::restarts);
  EXPECT_THAT(what->steps, ElementsAre(ends("b"), starts("b")));
  EXPECT_EQ(what->used, 2U);
}

TEST(Forecast, AStartThatFailsMayBeOneTooMany) {
  auto what = foresee(three(strategy::one_for_one),
                      {incident::kind::fails_start, "b"}, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::gives_up);
}

TEST(Forecast, WhoRefusesToStopIsKilledWhenItsTimeIsUp) {
  auto slow = child("slow");
  slow.shutdown = shutdown::within(700ms);
  auto brutal = child("brutal");
  brutal.shutdown = shutdown::brutal_kill();
  auto patient = child("patient");
  patient.shutdown = shutdown::infinity();
  auto machine = running({}, {slow, brutal, patient});
  auto refusal = [&](std::string id) {
    return *foresee(machine, {incident::kind::refuses_stop, id}, {});
  };

  EXPECT_EQ(refusal("slow").what, outcome::killed);
  EXPECT_EQ(refusal("slow").wait, 700ms);
  EXPECT_EQ(refusal("brutal").what, outcome::killed);
  EXPECT_EQ(refusal("brutal").wait, 0ms);
  EXPECT_EQ(refusal("patient").what, outcome::waits);
}

TEST(Forecast, WhoHangsIsNoticedByItsWatchdogAlone) {
  auto watched = child("watched");
  watched.progress_within = 300ms;
  auto machine = running({}, {watched, child("other")});

  auto what = foresee(machine, {incident::kind::hangs, "watched"}, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::restarts);
  EXPECT_EQ(what->wait, 300ms);
  EXPECT_EQ(foresee(machine, {incident::kind::hangs, "other"}, {})->what,
            outcome::waits);
}

TEST(Forecast, ABudgetBurnsUntilItIsUsed) {
  auto machine = running({.intensity = 3}, {child("a"), child("b")});

  auto what = foresee(machine, {incident::kind::burns}, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::gives_up);
  EXPECT_EQ(what->end, exit_reason::shutdown());
  EXPECT_EQ(what->used, 4U);
}

TEST(Forecast, ABudgetDoesNotBurnWhereNobodyIsRestarted) {
  auto machine = running({}, {child("a", restart::temporary)});

  auto what = foresee(machine, {incident::kind::burns}, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::left_down);
  EXPECT_FALSE(what->end);
}

TEST(Forecast, ABudgetThatIsTooLargeIsNotBurntToItsEnd) {
  auto machine = running({.intensity = 1'000'000}, {child("a")});

  EXPECT_EQ(foresee(machine, {incident::kind::burns}, {})->what,
            outcome::endures);
}

TEST(Forecast, AStartThatFailsComesAfterTheBackOff) {
  auto slow = child("slow");
  slow.backoff = backoff{.initial = 100ms, .limit = 1s, .jitter = 0};
  auto machine = running({.intensity = 5}, {slow});

  auto what = foresee(machine, {incident::kind::fails_start, "slow"}, {});

  ASSERT_TRUE(what);
  EXPECT_EQ(what->what, outcome::restarts);
  EXPECT_EQ(what->used, 2U);
}

TEST(Forecast, ABudgetBurnsThroughBackOffs) {
  auto slow = child("slow");
  slow.backoff = backoff{.initial = 100ms, .limit = 200ms, .jitter = 0};
  auto quickly = running({.intensity = 5, .period = 60s}, {slow});
  slow.backoff = backoff{.initial = 1s, .limit = 1s, .jitter = 0};
  auto slowly = running({.intensity = 5, .period = 1s}, {slow});

  EXPECT_EQ(foresee(quickly, {incident::kind::burns}, {})->what,
            outcome::gives_up);
  EXPECT_EQ(foresee(slowly, {incident::kind::burns}, {})->what,
            outcome::endures);
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

TEST(Forecast, ShowsTheBudgetOfTheChildBesideItsSupervisors) {
  auto thrifty = child("thrifty");
  thrifty.intensity = 1;
  thrifty.period = 10s;
  auto machine = running({.intensity = 3}, {thrifty, child("b")});

  auto first = foresee(machine, "thrifty", boom, {});
  std::vector<command> commands;
  auto gone = machine.children().at(1).instance;
  rehearse(machine, child_exited{gone, boom}, {}, commands);
  auto second = foresee(machine, "thrifty", boom, time_point{} + 1s);
  auto other = foresee(machine, "b", boom, time_point{} + 1s);

  ASSERT_TRUE(first && first->own && second && second->own && other);
  EXPECT_EQ(first->what, outcome::restarts);
  EXPECT_EQ(first->used, 0U);
  EXPECT_EQ(first->intensity, 3);
  EXPECT_EQ(first->own->used, 1U);
  EXPECT_EQ(first->own->intensity, 1);
  EXPECT_EQ(first->own->period, 10s);
  EXPECT_FALSE(first->own->used_up);
  EXPECT_EQ(second->what, outcome::restarts);
  EXPECT_TRUE(second->own->used_up);
  EXPECT_EQ(second->delay, 10s);
  EXPECT_THAT(second->steps, ElementsAre(ends("thrifty")));
  EXPECT_FALSE(other->own);
  EXPECT_EQ(other->used, 1U);
}

TEST(Forecast, ABudgetOfAChildsOwnIsNeverBurntToTheSupervisorsEnd) {
  auto thrifty = child("thrifty");
  thrifty.intensity = 1;
  auto machine = running({.intensity = 0}, {thrifty});

  EXPECT_EQ(foresee(machine, {incident::kind::burns}, {})->what,
            outcome::endures);
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

} // namespace forecast_test
