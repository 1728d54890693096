// SPDX-License-Identifier: BSD-3-Clause

#include "lab/json_place.hpp"

#include "lab/random_scenario.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

using namespace coppice::lab;

namespace json_place_test {

constexpr std::string_view sample = R"({ // a comment: "/a"
  "a": 1, /* another: { */ "b": [true,
    {"c/d": "x\"]}"}, null],
  "é": {"twice": 1,
        "twice": 22},
  "": -1.5e3
})";

std::optional<text_place> at(std::size_t line, std::size_t column) {
  return text_place{line, column};
}

TEST(JsonPlace, IsThatOfAMembersNameOrAnElement) {
  EXPECT_EQ(find_place(sample, ""), at(1, 1));
  EXPECT_EQ(find_place(sample, "/"), at(1, 1));
  EXPECT_EQ(find_place(sample, "/a"), at(2, 3));
  EXPECT_EQ(find_place(sample, "/b"), at(2, 28));
  EXPECT_EQ(find_place(sample, "/b/0"), at(2, 34));
  EXPECT_EQ(find_place(sample, "/b/1"), at(3, 5));
  EXPECT_EQ(find_place(sample, "/b/1/c/d"), at(3, 6));
  EXPECT_EQ(find_place(sample, "/b/2"), at(3, 23));
}

TEST(JsonPlace, CountsCharactersAndTakesTheLastOfTwo) {
  EXPECT_EQ(find_place(sample, "/é"), at(4, 3));
  EXPECT_EQ(find_place(sample, "/é/twice"), at(5, 9));
  EXPECT_EQ(find_place(R"(["éé", 1])", "/1"), at(1, 8));
}

TEST(JsonPlace, IsNothingWhereNothingIs) {
  for (auto* pointer : {"/c", "/a/b", "/b/3", "/b/x", "/b/1/c", "a", "/aa"})
    EXPECT_EQ(find_place(sample, pointer), std::nullopt) << pointer;
  EXPECT_EQ(find_place("", "/a"), std::nullopt);
}

// Each value of a scenario is found, by reading again what stands there.
TEST(JsonPlace, IsFoundForEachValueOfRandomScenarios) {
  std::size_t found = 0;
  for (auto seed = 0U; seed < 30; ++seed) {
    auto value = random_scenario(seed);
    auto leaves = value.flatten();
    for (auto indent : {-1, 0, 3}) {
      auto text = value.dump(indent);
      for (auto& [pointer, leaf] : leaves.items()) {
        auto place = find_place(text, pointer);
        ASSERT_TRUE(place) << pointer << "\n" << text;
        std::size_t begin = 0;
        for (auto line = 1U; line < place->line; ++line)
          begin = text.find('\n', begin) + 1;
        auto rest = std::string_view{text}.substr(begin + place->column - 1);
        auto name = pointer.substr(pointer.rfind('/') + 1);
        auto in_array
          = value.at(nlohmann::json::json_pointer{pointer}.parent_pointer())
              .is_array();
        auto written = in_array ? leaf.dump() : nlohmann::json(name).dump();
        // An empty array or object has an inside when it is indented.
        if (in_array && leaf.is_structured())
          written.pop_back();
        EXPECT_TRUE(rest.starts_with(written))
          << pointer << " at " << rest.substr(0, 40);
        ++found;
      }
    }
  }
  EXPECT_GT(found, 1000U);
}

} // namespace json_place_test
