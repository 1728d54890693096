// SPDX-License-Identifier: BSD-3-Clause

#include "process/line_cutter.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

namespace line_cutter_test {

using coppice::process::line_cutter;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

class LineCutter : public ::testing::Test {
protected:
  std::vector<std::string> feed(std::string_view bytes) {
    lines_.clear();
    cutter.feed(bytes, [this](std::string_view line) { take(line); });
    return lines_;
  }

  std::vector<std::string> finish() {
    lines_.clear();
    cutter.finish([this](std::string_view line) { take(line); });
    return lines_;
  }

  line_cutter cutter{8};

private:
  void take(std::string_view line) {
    lines_.emplace_back(line);
  }

  std::vector<std::string> lines_;
};

TEST_F(LineCutter, PutsPartsTogether) {
  EXPECT_THAT(feed("ab"), IsEmpty());
  EXPECT_THAT(feed("c\nd\n\ne"), ElementsAre("abc", "d", ""));
  EXPECT_THAT(finish(), ElementsAre("e"));
  EXPECT_THAT(finish(), IsEmpty());
}

TEST_F(LineCutter, CutsAndMarksALongLineAndDropsItsRest) {
  EXPECT_THAT(feed("12345678\n"), ElementsAre("12345678"));
  EXPECT_THAT(feed("123456789\nx\n"), ElementsAre("12345678 … (cut)", "x"));
  EXPECT_THAT(feed("12345"), IsEmpty());
  EXPECT_THAT(feed("6789012345"), IsEmpty());
  EXPECT_THAT(feed("6\n"), ElementsAre("12345678 … (cut)"));
}

TEST_F(LineCutter, DropsACarriageReturnAtTheEnd) {
  EXPECT_THAT(feed("a\r\nb\rc\r\n"), ElementsAre("a", "b\rc"));
}

} // namespace

} // namespace line_cutter_test
