// SPDX-License-Identifier: BSD-3-Clause

#include "fault/evaluation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace evaluation_test {

using namespace coppice::fault;

namespace {

evaluation evaluate(std::string_view text, std::uint64_t seed = 1,
                    std::string_view point = "p", std::uint64_t arming = 0) {
  return {parse_term(text).value(), seed, point, arming};
}

// What the first hits do, `.` for nothing: `drop . .`
std::string course(evaluation running, int hits) {
  std::string result;
  for (int i = 0; i < hits; ++i) {
    auto* what = running.next();
    result += (i == 0 ? "" : " ") + (what ? to_string(*what) : ".");
  }
  return result;
}

std::vector<int> firing_hits(evaluation running, int hits) {
  std::vector<int> result;
  for (int i = 1; i <= hits; ++i)
    if (running.next() != nullptr)
      result.push_back(i);
  return result;
}

// -- steps --------------------------------------------------------------------

struct course_case {
  std::string name;
  std::string term;
  std::string course;
};

class Evaluation : public testing::TestWithParam<course_case> {};

TEST_P(Evaluation, TakesItsCourse) {
  EXPECT_EQ(course(evaluate(GetParam().term), 6), GetParam().course);
}

INSTANTIATE_TEST_SUITE_P(
  Table, Evaluation,
  testing::Values(
    course_case{"AnActionAloneFiresAlways", "drop",
                "drop drop drop drop drop drop"},
    course_case{"ACountIsALimit", "2*drop", "drop drop . . . ."},
    course_case{"ASkipComesFirst", "@4 drop", ". . . . drop drop"},
    course_case{"ACountDoesNotCountWhatIsSkipped", "2*@3 drop",
                ". . . drop drop ."},
    course_case{"AStepSeesOnlyWhatTheOneBeforeLetThrough",
                "2*drop->2*dup->kill", "drop drop dup dup kill kill"},
    course_case{"WhatIsSkippedGoesToTheNextStep", "@2 drop->dup",
                "dup dup drop drop drop drop"},
    course_case{"ASkipCountsTheHitsOfItsStepAlone", "2*drop->@2 dup",
                "drop drop . . dup dup"},
    course_case{"OffEndsTheTerm", "2*off->drop->dup",
                "off off drop drop drop drop"},
    course_case{"AStepAfterOneThatAlwaysFiresIsNeverAsked", "drop->dup",
                "drop drop drop drop drop drop"},
    course_case{"NoChanceNeverFires", "0%drop->dup",
                "dup dup dup dup dup dup"}),
  [](auto& info) { return info.param.name; });

TEST(UsedUp, IsATermOnceNoStepOfItCanFireAgain) {
  auto after = [](std::string_view term, int hits) {
    auto running = evaluate(term);
    for (int i = 0; i < hits; ++i)
      (void)running.next();
    return running.used_up();
  };
  EXPECT_FALSE(after("2*drop", 1));
  EXPECT_TRUE(after("2*drop", 2));
  EXPECT_FALSE(after("1*drop->1*dup", 1));
  EXPECT_TRUE(after("1*drop->1*dup", 2));
  EXPECT_FALSE(after("1*@3 drop", 3));
  EXPECT_TRUE(after("1*@3 drop", 4));
  EXPECT_FALSE(after("drop", 9));
  EXPECT_FALSE(after("1*drop->50%dup", 9));
}

// -- chance -------------------------------------------------------------------

TEST(Chance, MeansTheSameInEveryBuild) {
  EXPECT_EQ(firing_hits(evaluate("20%drop"), 40),
            (std::vector{5, 8, 15, 18, 19, 20, 25, 32, 34}));
}

TEST(Chance, IsTheProbabilityThatWasAskedFor) {
  constexpr int hits = 100'000;
  for (auto [text, percent] :
       {std::pair{"20%drop", 20.0}, {"0.5%drop", 0.5}, {"99%drop", 99.0}}) {
    auto expected = hits * percent / 100;
    auto deviation = std::sqrt(expected * (1 - percent / 100));

    auto fired = firing_hits(evaluate(text), hits).size();

    EXPECT_NEAR(static_cast<double>(fired), expected, 3 * deviation) << text;
  }
}

TEST(Chance, IsNotCountedWhereItDoesNotFire) {
  EXPECT_EQ(firing_hits(evaluate("20%3*drop"), 1000).size(), 3U);
}

TEST(Chance, DependsOnSeedPointAndArming) {
  auto usual = firing_hits(evaluate("50%drop", 1, "p", 0), 64);

  EXPECT_EQ(firing_hits(evaluate("50%drop", 1, "p", 0), 64), usual);
  EXPECT_NE(firing_hits(evaluate("50%drop", 2, "p", 0), 64), usual);
  EXPECT_NE(firing_hits(evaluate("50%drop", 1ULL << 32 | 1, "p", 0), 64),
            usual);
  EXPECT_NE(firing_hits(evaluate("50%drop", 1, "q", 0), 64), usual);
  EXPECT_NE(firing_hits(evaluate("50%drop", 1, "p", 1), 64), usual);
}

} // namespace

} // namespace evaluation_test
