// SPDX-License-Identifier: BSD-3-Clause
//
// Children with a restart budget of their own, in scenarios: beyond OTP, so the
// worlds are compared with each other only.

#include "lab/actor_world.hpp"
#include "lab/compare.hpp"
#include "lab/engine_world.hpp"
#include "lab/scenario.hpp"
#include "lab/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <variant>

namespace own_budget_test {

using namespace coppice::lab;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

scenario read(const std::string& text) {
  auto result = parse_scenario(text, "t.json");
  if (!result)
    throw std::runtime_error(to_string(result.error()));
  return *std::move(result);
}

// The supervisor itself may not restart anything.
const auto helper = read(R"({
  "name": "helper",
  "supervisor": {
    "id": "top",
    "flags": {"intensity": 0},
    "children": [
      {"id": "helper", "intensity": 2, "period": 10},
      {"id": "web"}
    ]
  },
  "steps": [
    {"op": "start"},
    {"op": "exit", "child": "helper", "reason": "boom"},
    {"op": "exit", "child": "helper", "reason": "boom"},
    {"op": "exit", "child": "helper", "reason": "boom"},
    {"op": "advance_ms", "ms": 30000}
  ]
})");

std::size_t starts_of(const std::string& id, const trace& events) {
  std::size_t result = 0;
  for (auto& each : events)
    result += each.at("e") == "start" && each.at("id") == id;
  return result;
}

TEST(OwnBudgetInAScenario, NeverEndsTheSupervisor) {
  auto events = to_trace(play(helper));

  EXPECT_EQ(starts_of("helper", events), 4U);
  EXPECT_EQ(starts_of("web", events), 1U);
  EXPECT_EQ(events.back().at("e"), "sup_alive");
}

TEST(OwnBudgetInAScenario, IsTheSameForActors) {
  auto expected = to_trace(play(helper));
  auto actual = to_trace(play_on_actors(helper));

  auto found = compare(expected, actual, helper);

  EXPECT_FALSE(found.has_value()) << to_string(*found);
}

TEST(OwnBudgetInAScenario, IsInTheStoryAndTheRules) {
  auto told = story(helper, play(helper));

  EXPECT_THAT(told, AllOf(HasSubstr("restart 1 of the child's own 2 within 10 "
                                    "s"),
                          HasSubstr("ms, when there is room, helper"),
                          Not(HasSubstr("gives up"))));
  EXPECT_THAT(explain(helper),
              HasSubstr("helper has a budget of its own: it may have 2 "
                        "restarts within 10 s and has used 0"));
}

TEST(OwnBudgetInAScenario, IsBeyondOtp) {
  EXPECT_TRUE(is_beyond_otp(helper));
  EXPECT_FALSE(is_beyond_otp(read(
    R"({"name":"t","supervisor":{"id":"top","children":[{"id":"a"}]},
        "steps":[]})")));
  EXPECT_TRUE(is_beyond_otp(read(
    R"({"name":"t","supervisor":{"id":"top","children":[{"id":"s",
        "children":[{"id":"a","intensity":1}]}]},"steps":[]})")));
  EXPECT_TRUE(is_beyond_otp(read(
    R"({"name":"t","supervisor":{"id":"top","children":[]},
        "steps":[{"op":"start_child","spec":{"id":"a","intensity":1}}]})")));
}

TEST(OwnBudgetInAScenario, IsBeyondOtpAlsoIfAnotherStartBringsIt) {
  EXPECT_TRUE(is_beyond_otp(read(
    R"({"name":"t","supervisor":{"id":"top","children":[{"id":"a","starts":
        [{"during":[{"op":"start_child","spec":{"id":"b","intensity":1}}],
          "then":"ok"}]}]},"steps":[]})")));
  EXPECT_TRUE(is_beyond_otp(read(
    R"({"name":"t","supervisor":{"id":"top","children":[]},"steps":
        [{"op":"start_child","spec":{"id":"a","starts":[{"during":
          [{"op":"start_child","spec":{"id":"b","intensity":1}}],
          "then":"ok"}]}}]})")));
  EXPECT_FALSE(is_beyond_otp(read(
    R"({"name":"t","supervisor":{"id":"top","children":[{"id":"a","starts":
        [{"during":[{"op":"start_child","spec":{"id":"b"}}],
          "then":"ok"}]}]},"steps":[]})")));
}

TEST(OwnBudgetInAScenario, ThatCannotWorkIsRefusedAtTheStart) {
  auto events
    = to_trace(play(read(R"({"name":"t","supervisor":{"id":"top","children":[
             {"id":"a","intensity":0}]},"steps":[{"op":"start"}]})")));

  EXPECT_THAT(to_text(events), HasSubstr("{invalid_intensity,0}"));
}

} // namespace

} // namespace own_budget_test
