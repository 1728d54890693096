// SPDX-License-Identifier: BSD-3-Clause

#include "lab/printable.hpp"
#include "lab/trace.hpp"

#include <gtest/gtest.h>

#include <string>

namespace trace_test {

using namespace coppice::lab;

namespace {

std::string mistake_in(const std::string& text) {
  auto result = read_trace(text);
  auto* err = std::get_if<trace_error>(&result);
  return err == nullptr ? "none" : to_string(*err);
}

TEST(ReadTrace, ReadsWhatIsWrittenAndLeavesOutOtherLines) {
  const trace events{event::retry("top", "a"), event::sup_alive()};

  auto result = read_trace("hello\n" + to_text(events) + "\n[1]\n");

  EXPECT_EQ(std::get<trace>(result), events);
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

TEST(Printable, EscapesControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\u001b[31m\\u000a\\u007f");
  EXPECT_EQ(printable("\u009b2J"), "\\u009b2J");
  EXPECT_EQ(printable("müde – \u00a0"), "müde – \u00a0");
}

TEST(Printable, IsCutBetweenCharacters) {
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("abcde", 4), "abcd …");
  EXPECT_EQ(printable("abcä", 4), "abc …");
  EXPECT_EQ(printable(std::string(5000, 'x')), std::string(1000, 'x') + " …");
}

} // namespace

} // namespace trace_test
