// SPDX-License-Identifier: BSD-3-Clause

#include "net/crc32c.hpp"

#include <string>

#include <gtest/gtest.h>

namespace crc32c_test {

using namespace coppice::net;

TEST(Crc32c, IsThatOfTheStandards) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
}

TEST(Crc32c, GoesOnWhereItWas) {
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

} // namespace crc32c_test
