// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/restart_window.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace restart_window_test {

using namespace coppice::supervision;
using namespace std::chrono_literals;

namespace {

struct window_case {
  std::string name;
  std::uint32_t intensity;
  std::chrono::seconds period;
  std::vector<std::chrono::milliseconds> at;
  std::vector<bool> allowed;
};

class RestartWindow : public testing::TestWithParam<window_case> {};

TEST_P(RestartWindow, Decides) {
  auto& param = GetParam();
  restart_window window{param.intensity, param.period};
  std::vector<bool> allowed;

  for (auto at : param.at)
    allowed.push_back(window.record(time_point{at}));

  EXPECT_EQ(allowed, param.allowed);
}

INSTANTIATE_TEST_SUITE_P(
  Table, RestartWindow,
  testing::Values(
    window_case{"NothingIsAllowedWithIntensityZero", 0, 5s, {0ms}, {false}},
    window_case{"TheOneAfterIntensityIsRefused",
                2,
                5s,
                {0ms, 0ms, 0ms},
                {true, true, false}},
    window_case{
      "CountsARestartExactlyAtTheEdge", 1, 5s, {1000ms, 6000ms}, {true, false}},
    window_case{"CountsARestartLessThanASecondBeyondTheEdge",
                1,
                5s,
                {1000ms, 6999ms},
                {true, false}},
    window_case{"ForgetsARestartOneSecondBeyondTheEdge",
                1,
                5s,
                {1000ms, 7000ms},
                {true, true}},
    window_case{"ThePhaseInsideTheSecondDecidesInBetween",
                1,
                5s,
                {1999ms, 7000ms},
                {true, true}},
    window_case{"SecondsAreRoundedDown",
                1,
                1s,
                {999ms, 1999ms, 3000ms},
                {true, false, true}},
    window_case{"ARefusedAttemptCountsToo",
                1,
                5s,
                {0ms, 5000ms, 8000ms},
                {true, false, false}},
    window_case{"StampsSlideOutOneByOne",
                2,
                2s,
                {0ms, 2000ms, 3000ms, 6000ms},
                {true, true, true, true}},
    window_case{"ShortestPeriodToleratesCrashesTwoSecondsApart",
                1,
                1s,
                {0ms, 2100ms, 4200ms, 6300ms},
                {true, true, true, true}}),
  [](auto& param) { return param.param.name; });

TEST(RestartWindowUse, CountsOnlyWhatIsInsideTheWindow) {
  restart_window window{9, 5s};
  window.record(time_point{0s});
  window.record(time_point{4s});

  EXPECT_EQ(window.used(time_point{5s}), 2u);
  EXPECT_EQ(window.used(time_point{6s}), 1u);
  EXPECT_EQ(window.used(time_point{10s}), 0u);
}

TEST(RestartWindow, SaysWhenThereIsRoomAgain) {
  restart_window window{2, 3s};
  time_point start{10s + 400ms};
  EXPECT_EQ(window.room_in(start), 0s);
  window.record(start);
  window.record(start + 1s);

  auto left = window.room_in(start + 1s);

  EXPECT_EQ(left, 2600ms);
  EXPECT_EQ(window.used(start + 1s + left - 1ns), 2U);
  EXPECT_EQ(window.used(start + 1s + left), 1U);
}

} // namespace

} // namespace restart_window_test
