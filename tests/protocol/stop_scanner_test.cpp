// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/stop_scanner.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace stop_scanner_test {

using coppice::protocol::stop_scanner;

namespace {

struct outcome {
  std::string echoed;
  bool stopped = false;

  friend bool operator==(const outcome&, const outcome&) = default;
};

void PrintTo(const outcome& x, std::ostream* out) {
  *out << ::testing::PrintToString(x.echoed) << (x.stopped ? " stopped" : "");
}

// Feeds `pieces` one after the other and then ends the stream.
outcome scan(const std::vector<std::string>& pieces) {
  outcome result;
  stop_scanner uut;
  auto sink = [&](std::string_view part) { result.echoed += part; };
  for (auto& piece : pieces)
    if (uut.feed(piece, sink)) {
      result.stopped = true;
      return result;
    }
  result.echoed += uut.held();
  return result;
}

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> result;
  for (auto c : text)
    result.emplace_back(1, c);
  return result;
}

// What the scanner claims to do, said by whole lines.
outcome model(const std::string& text) {
  outcome result;
  std::size_t pos = 0;
  while (pos < text.size()) {
    auto end = text.find('\n', pos);
    if (end == std::string::npos) {
      result.echoed += text.substr(pos);
      break;
    }
    auto line = text.substr(pos, end + 1 - pos);
    if (line == "stop\n" || line == "stop\r\n") {
      result.stopped = true;
      break;
    }
    result.echoed += line;
    pos = end + 1;
  }
  return result;
}

struct example {
  std::string name;
  std::string text;
  outcome expected;
};

class StopScanner : public ::testing::TestWithParam<example> {};

} // namespace

TEST_P(StopScanner, GivesTheSameInOnePiece) {
  EXPECT_EQ(scan({GetParam().text}), GetParam().expected);
}

TEST_P(StopScanner, GivesTheSameByteByByte) {
  EXPECT_EQ(scan(bytes_of(GetParam().text)), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
  Examples, StopScanner,
  ::testing::Values(example{"Empty", "", {"", false}},
                    example{"Line", "hello\n", {"hello\n", false}},
                    example{"Stop", "stop\n", {"", true}},
                    example{"StopCrLf", "stop\r\n", {"", true}},
                    example{"BehindOtherData", "a\nstop\nb\n", {"a\n", true}},
                    example{"WithoutLineEnd", "stop", {"stop", false}},
                    example{"CrButNoLf", "stop\rX\n", {"stop\rX\n", false}},
                    example{"TwoCr", "stop\r\r\n", {"stop\r\r\n", false}},
                    example{"Prefixed", "xstop\n", {"xstop\n", false}},
                    example{"Indented", " stop\n", {" stop\n", false}},
                    example{"Longer", "stopx\n", {"stopx\n", false}},
                    example{"TrailingBlank", "stop \n", {"stop \n", false}},
                    example{"Shorter", "sto\nstop\n", {"sto\n", true}},
                    example{"UpperCase", "STOP\n", {"STOP\n", false}},
                    example{"AfterEmptyLine", "\nstop\n", {"\n", true}},
                    example{"Restarted", "ststop\nstop\n", {"ststop\n", true}},
                    example{"LfCr", "stop\n\r", {"", true}}),
  [](auto& info) { return info.param.name; });

TEST(StopScannerState, HoldsBackOnlyWhatMayStillBecomeStop) {
  stop_scanner uut;
  std::string echoed;
  auto sink = [&](std::string_view part) { echoed += part; };

  uut.feed("abc\nst", sink);
  EXPECT_EQ(echoed, "abc\n");
  EXPECT_EQ(uut.held(), "st");

  uut.feed("x", sink);
  EXPECT_EQ(echoed, "abc\nstx");
  EXPECT_EQ(uut.held(), "");
}

TEST(StopScannerState, AgreesWithTheModelHoweverTheStreamIsCut) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  constexpr std::string_view alphabet = "stop\r\nx";
  for (int run = 0; run < 20'000; ++run) {
    std::string text;
    std::vector<std::string> pieces{""};
    for (auto n = random() % 40; n > 0; --n) {
      if (random() % 4 == 0)
        text += "stop\n";
      else
        text += alphabet[random() % alphabet.size()];
    }
    for (auto c : text) {
      pieces.back() += c;
      if (random() % 3 == 0)
        pieces.emplace_back();
    }
    ASSERT_EQ(scan(pieces), model(text)) << ::testing::PrintToString(pieces);
  }
}

// Long data is looked through in wide steps, which begin and end anywhere.
TEST(StopScannerState, AgreesWithTheModelInLongData) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const std::vector<std::string> rare{"\n", "s", "\ns", "\nstop", "\nstop\n"};
  for (int run = 0; run < 20'000; ++run) {
    std::string text(random() % 600, 'x');
    for (auto n = random() % 4; n > 0; --n)
      text.insert(random() % (text.size() + 1), rare[random() % rare.size()]);
    auto cut = random() % (text.size() + 1);
    auto expected = model(text);
    ASSERT_EQ(scan({text}), expected) << ::testing::PrintToString(text);
    ASSERT_EQ(scan({text.substr(0, cut), text.substr(cut)}), expected)
      << ::testing::PrintToString(text) << " cut at " << cut;
  }
}

} // namespace stop_scanner_test
