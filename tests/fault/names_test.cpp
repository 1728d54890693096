// SPDX-License-Identifier: BSD-3-Clause
//
// What patterns match.

#include "fault/names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace names_test {

using coppice::fault::did_you_mean;
using coppice::fault::matches;
using coppice::fault::matches_path;

TEST(Names, MatchWithStars) {
  EXPECT_TRUE(matches("a*c", "abc"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("x/*/y", "x/1/2/y"));
  EXPECT_FALSE(matches("a*c", "abd"));
  EXPECT_FALSE(matches("a", "ab"));
}

TEST(Names, MatchInTimeThatDoesNotExplodeWithTheNumberOfStars) {
  std::string pattern;
  for (int i = 0; i < 30; ++i)
    pattern += "*a";

  EXPECT_FALSE(matches(pattern + "*b", std::string(10'000, 'a')));
}

TEST(Names, MatchThePathOrItsEnd) {
  EXPECT_TRUE(matches_path("top/a", "top/a"));
  EXPECT_TRUE(matches_path("a", "top/a"));
  EXPECT_TRUE(matches_path("acceptor:*", "x/acceptors/acceptor:0"));
  EXPECT_FALSE(matches_path("a", "top/ba"));
  EXPECT_FALSE(matches_path("top", "top/a"));
}

TEST(Names, NearAreThoseThatAFingerMissed) {
  const std::vector<std::string> names{"kill", "web", "list", "intensity"};

  EXPECT_EQ(did_you_mean("killl", names), "; did you mean kill?");
  EXPECT_EQ(did_you_mean("wbe", names), "; did you mean web?");
  EXPECT_EQ(did_you_mean("lst", names), "; did you mean list?");
  EXPECT_EQ(did_you_mean("intensitty", names), "; did you mean intensity?");
}

TEST(Names, OfWhichNoneIsLikeItAreNotSuggested) {
  EXPECT_EQ(did_you_mean("loud", std::vector<std::string>{"debug", "off"}), "");
  EXPECT_EQ(did_you_mean("x", std::vector<std::string>{"up", "a"}), "");
  EXPECT_EQ(did_you_mean("", std::vector<std::string>{"up"}), "");
  EXPECT_EQ(did_you_mean(std::string(100'000, 'x'),
                         std::vector<std::string>{std::string(100'000, 'y')}),
            "");
}

} // namespace names_test
