// SPDX-License-Identifier: BSD-3-Clause

#include "lab/trace.hpp"

#include <gtest/gtest.h>

#include <string>

namespace trace_test {

using namespace coppice::lab;

namespace {

std::string mistake_in(const std::string& text) {
  auto result = read_trace(text);
  return result ? "none" : to_string(result.error());
}

TEST(ReadTrace, ReadsWhatIsWrittenAndLeavesOutOtherLines) {
  const trace events{event::retry("top", "a"), event::sup_alive()};

  auto result = read_trace("hello\n" + to_text(events) + "\n[1]\n");

  EXPECT_EQ(result.value(), events);
}

TEST(ReadTrace, RefusesWhatIsNoEventAndNamesTheLine) {
  EXPECT_EQ(mistake_in("\n{\"x\":1}\n"),
            "line 2: expected a string as \"e\", found none");
  EXPECT_EQ(mistake_in("{\"e\":5}"),
            "line 1: expected a string as \"e\", found 5");
  EXPECT_EQ(mistake_in("{\"e\":\"exit\",\"sup\":null}"),
            "line 1: expected a string as \"sup\", found null");
  EXPECT_TRUE(
    mistake_in("{\"e\":\"a\"}\n{oops").starts_with("line 2: expected JSON: "));
}

TEST(ReadTrace, RefusesWhatIsNestedWithoutEnd) {
  const std::string brackets(400'000, '[');

  EXPECT_EQ(mistake_in("{\"e\":" + brackets + std::string(400'000, ']') + "}"),
            "line 1: expected at most 200 levels, found more");
}

} // namespace

} // namespace trace_test
