// SPDX-License-Identifier: BSD-3-Clause

#include "observe/printable.hpp"

#include "coppice/observe/event.hpp"
#include "observe/connection_log.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace printable_test {

using namespace coppice::observe;

namespace {

// Of two texts with the same meaning, one has what a terminal obeys.
constexpr std::string_view hostile
  = "boom\n2026-01-01 error all is lost\r\x1b[2J\x9b"
    "2J\xc2\x9b\x7f\xe2\x80\xa8\xe2\x80\xae\xef\xbb\xbf\xc3";

// Whether a terminal may get it, looked at in another way than the code does:
// nothing but ASCII that prints and the characters of three known letters.
bool is_harmless(std::string_view text) {
  for (auto known : {"ä", "–", "…"})
    for (auto i = text.find(known); i != text.npos; i = text.find(known))
      return is_harmless(text.substr(0, i))
             && is_harmless(text.substr(i + std::string_view{known}.size()));
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

} // namespace

TEST(Printable, EscapesControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\u001b[31m\\u000a\\u007f");
  EXPECT_EQ(printable("\u009b2J"), "\\u009b2J");
  EXPECT_EQ(printable("müde – \u00a0"), "müde – \u00a0");
}

TEST(Printable, EscapesWhatEndsLinesOrTurnsTheDirectionOfReading) {
  EXPECT_EQ(printable("a\u2028b\u2029c\u0085d"), "a\\u2028b\\u2029c\\u0085d");
  EXPECT_EQ(printable("\u202egnp.exe"), "\\u202egnp.exe");
  EXPECT_EQ(printable("\u2066\u2069\u200f\u061c"),
            "\\u2066\\u2069\\u200f\\u061c");
  EXPECT_EQ(printable("\ufeff\u200b\U000e0041"),
            "\\ufeff\\u200b\\udb40\\udc41");
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("a\xff\x80z"), "a\\xff\\x80z");
  EXPECT_EQ(printable("\x9b"
                      "2J"),
            "\\x9b2J");
  EXPECT_EQ(printable("\xc0\x8a"), "\\xc0\\x8a"); // a line feed, too long
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // half a pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xe2\x80"), "\\xe2\\x80");
  EXPECT_EQ(printable(std::string_view{"\0", 1}), "\\u0000");
}

TEST(Printable, KeepsWordsOfAllLanguages) {
  for (auto text : {"naïve", "Привет", "日本語", "नमस्ते", "👩‍🚀",
                    "می‌خواهم"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, IsCutBetweenCharacters) {
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("abcde", 4), "abcd …");
  EXPECT_EQ(printable("abcä", 4), "abc …");
  EXPECT_EQ(printable(std::string(5000, 'x'), 1000),
            std::string(1000, 'x') + " …");
  EXPECT_EQ(printable(std::string(5000, 'x')), std::string(1024, 'x') + " …");
  EXPECT_EQ(printable(std::string(9, '\x80'), 8),
            "\\x80\\x80\\x80\\x80\\x80\\x80\\x80\\x80 …");
}

TEST(Printable, KeepsLineFeedsWhereLinesAreWanted) {
  EXPECT_EQ(printable_lines("a\n  b\r\x1b", 100), "a\n  b\\u000d\\u001b");
}

TEST(Printable, IsHarmlessAndStaysAsItIsForAnyBytes) {
  std::mt19937 random{20261128};
  // Single bytes, and parts of those that do harm together.
  constexpr std::array<std::string_view, 10> parts{
    "\n",   "\x1b[", "\xc2", "\x9b", "\xe2\x80",
    "\xae", "\xa8",  "ä",    "\xf0", "x"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto left = random() % 24; left > 0; --left)
      if (random() % 2 == 0)
        text += static_cast<char>(random());
      else
        text += parts[random() % parts.size()];

    auto once = printable(text);

    for (auto c : once)
      ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << once;
    for (auto no : {"\xc2\x80", "\xc2\x85", "\xc2\x9b", "\xe2\x80\xa8",
                    "\xe2\x80\xae", "\xe2\x81\xa6", "\xef\xbb\xbf"})
      ASSERT_EQ(once.find(no), once.npos) << once;
    ASSERT_EQ(printable(once, 10'000), once);
  }
}

TEST(Describe, OfAnEventIsOneLineWhateverItHolds) {
  for (auto kind = 0; kind <= static_cast<int>(event_kind::notice); ++kind) {
    event ev;
    ev.kind = static_cast<event_kind>(kind);
    ev.path = hostile;
    ev.reason = hostile;
    ev.detail = hostile;

    EXPECT_TRUE(is_harmless(describe(ev))) << describe(ev);
  }
}

TEST(Describe, OfAnEventIsBounded) {
  event ev;
  ev.kind = event_kind::child_exited;
  ev.path = std::string(100'000, 'p');
  ev.reason = std::string(100'000, '\n');
  ev.detail = std::string(100'000, '\xff');

  EXPECT_LT(describe(ev).size(), 13'000U);
}

TEST(Describe, OfAConnectionIsOneLineWhateverItsReasonHolds) {
  connection_record record;
  record.what = connection_record::kind::closed;
  record.set_reason(hostile);

  EXPECT_TRUE(is_harmless(describe(record))) << describe(record);
}

TEST(ConnectionRecord, CutsAReasonBetweenCharacters) {
  connection_record record;
  record.set_reason(std::string(45, 'x') + "ä");

  EXPECT_EQ(record.reason_text(), std::string(45, 'x'));
}

} // namespace printable_test
