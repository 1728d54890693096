// SPDX-License-Identifier: BSD-3-Clause

#include "lab/compare.hpp"
#include "lab/engine_world.hpp"
#include "lab/example.hpp"
#include "lab/random_scenario.hpp"
#include "lab/side_by_side.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace side_by_side_test {

using namespace coppice::lab;
using testing::HasSubstr;
using testing::Not;

namespace {

const trace three{event::retry("top", "a"), event::retry("top", "b"),
                  event::retry("top", "c")};

std::string shown(const trace& left, const trace& right,
                  std::size_t width = 80) {
  return side_by_side({"left", left}, {"right", right}, scenario{}, width);
}

std::size_t columns_of(const std::string& line) {
  return static_cast<std::size_t>(
    std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

TEST(SideBySide, PutsEqualEventsOnALineWithoutAMark) {
  EXPECT_EQ(shown({event::retry("top", "a")}, {event::retry("top", "a")}, 41),
            "  left               │ right\n"
            "\ntop:\n"
            "  retry a            │ retry a\n");
}

TEST(SideBySide, MarksEventsThatDiffer) {
  EXPECT_THAT(shown({event::retry("top", "a")}, {event::retry("top", "b")}, 41),
              HasSubstr("≠ retry a            │ retry b\n"));
}

TEST(SideBySide, LeavesAGapWhereOneSideLacksAnEvent) {
  EXPECT_THAT(shown(three, {three[0], three[2]}, 41),
              HasSubstr("  retry a            │ retry a\n"
                        "≠ retry b            │\n"
                        "  retry c            │ retry c\n"));
  EXPECT_THAT(shown({three[0], three[2]}, three, 41),
              HasSubstr("≠                    │ retry b\n"
                        "  retry c            │ retry c\n"));
  EXPECT_THAT(shown(three, {three[0]}, 41),
              HasSubstr("≠ retry b            │\n"
                        "≠ retry c            │\n"));
}

TEST(SideBySide, MarksSomethingExactlyWhereTracesDiffer) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    auto plan
      = read_scenario(random_scenario(seed), std::to_string(seed)).value();
    auto events = to_trace(play(plan));
    auto other = events;
    other.erase(other.begin() + static_cast<std::ptrdiff_t>(seed % 7));

    auto same = side_by_side({"l", events}, {"r", events}, plan, 80);
    auto different = side_by_side({"l", events}, {"r", other}, plan, 80);

    EXPECT_THAT(same, Not(HasSubstr("≠"))) << seed;
    EXPECT_TRUE(compare(events, other, plan).has_value()) << seed;
    EXPECT_THAT(different, HasSubstr("≠")) << seed;
  }
}

TEST(SideBySide, KeepsToItsWidthAndLosesNothing) {
  const std::string name
    = "ä_name_that_is_longer_than_any_column_of_this_table";
  const trace long_one{event::reply("top", "which", name + " " + name)};
  for (std::size_t width : {20, 41, 80}) {
    auto text = shown(long_one, long_one, width);

    std::istringstream lines{text};
    std::string left;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(columns_of(line), width) << line;
      if (auto bar = line.find(" │"); bar != line.npos)
        left += line.substr(2, bar - 2);
    }
    std::erase(left, ' ');
    EXPECT_EQ(left, "leftreplywhich" + name + name);
  }
}

TEST(Example, PlaysAsItStandsAndShowsAGivingUp) {
  auto plan = parse_scenario(example_scenario(), "example");

  ASSERT_TRUE(plan) << to_string(plan.error());
  auto events = to_trace(play(plan.value()));
  EXPECT_EQ(events.back(), event::sup_exit("shutdown"));
}

} // namespace

} // namespace side_by_side_test
