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

namespace {

std::vector<std::string> paths() {
  return {"top", "top/acceptors", "top/acceptors/acceptor:0", "top/admin",
          "top/evil\x1b[2J"};
}

std::vector<std::string> completed(std::string_view line) {
  auto blank = line.rfind(' ');
  auto word = blank == line.npos ? line : line.substr(blank + 1);
  return coppice::commands::completions_of(line, word, paths);
}

} // namespace

TEST(Completions, AreCommandsFirst) {
  EXPECT_THAT(completed("kil"), ElementsAre("kill"));
  EXPECT_THAT(completed("he"), ElementsAre("help"));
}

TEST(Completions, AreThePathsOfActorsAndTheirEnds) {
  EXPECT_THAT(
    completed("kill a"),
    ElementsAre("acceptor:0", "acceptors", "acceptors/acceptor:0", "admin"));
  EXPECT_THAT(completed("kill top/ad"), ElementsAre("top/admin"));
}

TEST(Completions, NeverHoldWhatATerminalObeys) {
  EXPECT_THAT(completed("kill ev"), IsEmpty());
  EXPECT_THAT(completed("kill top/e"), IsEmpty());
}

TEST(Completions, AreNestedCommandsOptionsAndValues) {
  EXPECT_THAT(completed("fault li"), ElementsAre("list"));
  EXPECT_THAT(completed("kill --rea"), ElementsAre("--reason"));
  EXPECT_THAT(completed("toxic add lat"), ElementsAre("latency"));
  EXPECT_THAT(completed("log war"), ElementsAre("warning"));
  EXPECT_THAT(completed("help kil"), ElementsAre("kill"));
  EXPECT_THAT(completed("help fault cl"), ElementsAre("clear"));
}

} // namespace console_test
