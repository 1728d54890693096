// SPDX-License-Identifier: BSD-3-Clause

#include "lab/term.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace term_test {

using namespace coppice::lab;

// All as io_lib:format("~tw", [Atom]) prints them on 25, 27 and 29.

TEST(Atom, NeedsNoQuotesIfItStartsSmallAndHasLettersAndDigits) {
  for (auto* name : {"a", "aB_9@x", "tüp", "ä", "éÀ", "ß", "receiver", "ends"})
    EXPECT_EQ(atom(name), name);
}

TEST(Atom, IsQuotedOtherwise) {
  for (auto* name : {"", "A", "_a", "@", "1", "a b", "a-b", "a#2", "$x", "Ünï",
                     "÷", "a×", "ÿ÷", "日本", "a日", "łe"})
    EXPECT_EQ(atom(name), "'" + std::string{name} + "'");
}

TEST(Atom, IsQuotedIfItIsAWordOfTheLanguage) {
  for (auto* name : {"after", "end", "of", "receive", "xor"})
    EXPECT_EQ(atom(name), "'" + std::string{name} + "'");
}

TEST(Atom, EscapesQuotesBackslashesAndWhatCannotBeSeen) {
  EXPECT_EQ(atom("it's"), R"('it\'s')");
  EXPECT_EQ(atom("a\\b"), R"('a\\b')");
  EXPECT_EQ(atom("q\"q"), R"('q"q')");
  EXPECT_EQ(atom("a\n\r\t\v\b\f"), R"('a\n\r\t\v\b\f')");
  EXPECT_EQ(atom("\x1b\x7f\x01\x1f"), R"('\e\d\001\037')");
}

TEST(InstanceName, EscapesAsAnAtomDoes) {
  EXPECT_EQ(instance_name("a", 2), "'a#2'");
  EXPECT_EQ(instance_name("it's", 1), R"('it\'s#1')");
}

TEST(Term, IsMadeOfAtoms) {
  EXPECT_EQ(term({"$tuple", "it's", "tüp", 1}), R"({'it\'s',tüp,1})");
}

} // namespace term_test
