// SPDX-License-Identifier: BSD-3-Clause

#include "commands/console.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace console_test {

using coppice::commands::words_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(WordsOfALine, AreSeparatedByBlanks) {
  EXPECT_THAT(words_of("kill  a/b\t--reason boom \r"),
              Optional(ElementsAre("kill", "a/b", "--reason", "boom")));
  EXPECT_THAT(words_of(""), Optional(IsEmpty()));
  EXPECT_THAT(words_of("   "), Optional(IsEmpty()));
}

TEST(WordsOfALine, AreKeptTogetherByQuotesAndBackslashes) {
  EXPECT_THAT(
    words_of(R"(exit a "a \"b\" c" 'd\e' f\ g "")"),
    Optional(ElementsAre("exit", "a", "a \"b\" c", "d\\e", "f g", "")));
  EXPECT_THAT(words_of("a'b'c"), Optional(ElementsAre("abc")));
}

TEST(WordsOfALine, EndWhereACommentBegins) {
  EXPECT_THAT(words_of("tree # look"), Optional(ElementsAre("tree")));
  EXPECT_THAT(words_of("# tree"), Optional(IsEmpty()));
  EXPECT_THAT(words_of("a#b '#'"), Optional(ElementsAre("a#b", "#")));
}

TEST(WordsOfALine, AreNoneWhileAQuoteIsOpen) {
  EXPECT_FALSE(words_of("kill 'a"));
  EXPECT_FALSE(words_of("kill \"a"));
}

} // namespace console_test
