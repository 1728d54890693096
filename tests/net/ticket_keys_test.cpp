// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/ticket_keys.hpp"

#include <gtest/gtest.h>

namespace ticket_keys_test {

using namespace coppice::net;
using namespace std::chrono_literals;
using use = ticket_keys::use;

namespace {

constexpr auto period = ticket_keys::renewed_after;

class TicketKeys : public ::testing::Test {
protected:
  use look(const ticket_keys::key& key, ticket_keys::clock::duration after) {
    ticket_keys::key found;
    auto result = keys.find(key.name.data(), start + after, found);
    if (result != use::none) {
      EXPECT_EQ(found.cipher, key.cipher);
      EXPECT_EQ(found.mac, key.mac);
    }
    return result;
  }

  ticket_keys::clock::time_point start = ticket_keys::clock::now();
  ticket_keys keys{start};
};

} // namespace

TEST_F(TicketKeys, AKeyIsTheNewestForItsPeriodAndOpensTicketsForAnother) {
  auto key = keys.newest(start);

  EXPECT_EQ(look(key, period - 1ms), use::newest);
  EXPECT_EQ(look(key, period), use::opens);
  EXPECT_EQ(look(key, 2 * period - 1ms), use::opens);
  EXPECT_EQ(look(key, 2 * period), use::none);
}

TEST_F(TicketKeys, AKeyThatNobodyAskedForGoesAsWell) {
  auto key = keys.newest(start);

  EXPECT_EQ(look(key, 3 * period), use::none);
}

TEST_F(TicketKeys, ANewKeyIsAnother) {
  auto key = keys.newest(start);
  auto next = keys.newest(start + period);

  EXPECT_NE(key.name, next.name);
  EXPECT_NE(key.cipher, next.cipher);
  EXPECT_NE(key.mac, next.mac);
}

TEST_F(TicketKeys, KnowsNoOtherKeys) {
  auto key = keys.newest(start);
  key.name.front() ^= 1;

  EXPECT_EQ(look(key, 0ms), use::none);
}

} // namespace ticket_keys_test
