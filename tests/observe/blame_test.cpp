// SPDX-License-Identifier: BSD-3-Clause

#include "observe/blame.hpp"

#include <gtest/gtest.h>

namespace blame_test {

using coppice::observe::blame;

TEST(Blame, IsTakenOnce) {
  blame uut;
  uut.put("a/b", 7);

  EXPECT_EQ(uut.look("a/b"), 7U);
  EXPECT_EQ(uut.take("a/b"), 7U);
  EXPECT_EQ(uut.take("a/b"), 0U);
  EXPECT_EQ(uut.look("a/b"), 0U);
}

TEST(Blame, IsOnWhatCameLast) {
  blame uut;
  uut.put("a", 1);
  uut.put("a", 2);

  EXPECT_EQ(uut.take("a"), 2U);
}

TEST(Blame, IsOnNothingIfThereIsNoEvent) {
  blame uut;
  uut.put("a", 1);
  uut.put("a", 0);

  EXPECT_EQ(uut.take("a"), 1U);
  EXPECT_EQ(uut.take("b"), 0U);
}

} // namespace blame_test
