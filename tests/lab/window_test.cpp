// SPDX-License-Identifier: BSD-3-Clause

#include "lab/engine_world.hpp"
#include "lab/scenario.hpp"

#include <gtest/gtest.h>

#include <string>

namespace window_test {

using namespace coppice::lab;

namespace {

// Two crashes under intensity 1, the first `phase` ms into its second, the
// other `apart` ms later.
struct two_crashes {
  std::string name;
  int period_s;
  int phase;
  int apart;
  bool count_together;
};

std::string text(const two_crashes& what) {
  auto wait = [](int ms) {
    return R"({"op":"advance_ms","ms":)" + std::to_string(ms) + "},";
  };
  return R"({"name":"t","supervisor":{"id":"top","flags":{"intensity":1,)"
         R"("period":)"
         + std::to_string(what.period_s)
         + R"(},"children":[{"id":"a"}]},"steps":[{"op":"start"},)"
         + wait(what.phase) + R"({"op":"kill","child":"a"},)" + wait(what.apart)
         + R"({"op":"kill","child":"a"}]})";
}

class WindowEdge : public testing::TestWithParam<two_crashes> {};

TEST_P(WindowEdge, DecidesWhetherTwoCrashesCountTogether) {
  auto plan = parse_scenario(text(GetParam()), "t.json").value();

  auto ended = to_trace(play(plan)).back()["e"] == "sup_exit";

  EXPECT_EQ(ended, GetParam().count_together);
}

INSTANTIATE_TEST_SUITE_P(
  Table, WindowEdge,
  testing::Values(
    two_crashes{"AtOnce", 5, 0, 0, true},
    two_crashes{"JustInside", 5, 0, 4999, true},
    two_crashes{"ExactlyAPeriodApart", 5, 0, 5000, true},
    two_crashes{"LastMillisecondFromAWholeSecond", 5, 0, 5999, true},
    two_crashes{"ASecondBeyondFromAWholeSecond", 5, 0, 6000, false},
    two_crashes{"ExactlyAPeriodApartLateInASecond", 5, 999, 5000, true},
    two_crashes{"AMillisecondBeyondLateInASecond", 5, 999, 5001, false},
    two_crashes{"HalfASecondBeyondFromTheMiddle", 5, 500, 5499, true},
    two_crashes{"MoreThanHalfASecondBeyondFromTheMiddle", 5, 500, 5500, false},
    two_crashes{"ShortestPeriodAtItsEdge", 1, 0, 1999, true},
    two_crashes{"ShortestPeriodBeyond", 1, 0, 2000, false}),
  [](auto& param) { return param.param.name; });

} // namespace

} // namespace window_test
