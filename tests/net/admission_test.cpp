// SPDX-License-Identifier: BSD-3-Clause

#include "net/admission.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace admission_test {

using namespace coppice::net;
using namespace std::chrono_literals;
using coppice::observe::peer_address;

namespace {

constexpr admission::clock::time_point start{1h};

peer_address client_at(std::uint8_t last_byte) {
  peer_address result;
  result.family = peer_address::kind::ipv4;
  result.bytes = {127, 0, 0, last_byte};
  return result;
}

} // namespace

TEST(Admission, WithoutLimitsEverybodyComesIn) {
  admission gate{{}};

  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(gate.take_place());
    EXPECT_TRUE(gate.take_address(client_at(1)));
    EXPECT_FALSE(gate.raises_alarm(i, start));
  }
}

TEST(Admission, ThereAreSoManyPlacesAndNotMore) {
  admission gate{{.max_connections = 2}};
  EXPECT_TRUE(gate.empty());

  EXPECT_TRUE(gate.take_place());
  EXPECT_TRUE(gate.take_place());
  EXPECT_FALSE(gate.take_place());

  EXPECT_FALSE(gate.empty());
}

TEST(Admission, APlaceThatComesBackSaysWhetherItIsWanted) {
  admission gate{{.max_connections = 2}};
  gate.take_place();
  gate.take_place();
  EXPECT_FALSE(gate.give_back_place().wanted);

  gate.take_place();
  gate.take_place();
  EXPECT_TRUE(gate.give_back_place().wanted);
  gate.forget_failures();
  EXPECT_FALSE(gate.give_back_place().wanted);
}

TEST(Admission, TheLastPlaceThatComesBackSaysSo) {
  admission gate{{}};
  gate.take_place();
  gate.take_place();

  EXPECT_FALSE(gate.give_back_place().last);
  EXPECT_TRUE(gate.give_back_place().last);
  EXPECT_TRUE(gate.empty());
}

TEST(Admission, FewerPlacesEndNobody) {
  admission gate{{.max_connections = 2}};
  gate.take_place();
  gate.take_place();

  gate.set({.max_connections = 1});
  gate.give_back_place();
  EXPECT_FALSE(gate.take_place());
  gate.give_back_place();

  EXPECT_TRUE(gate.take_place());
}

TEST(Admission, NoPlaceIsTakenTwiceByThreadsAtOnce) {
  constexpr std::int64_t most = 3;
  admission gate{{.max_connections = most}};
  std::atomic<std::int64_t> inside = 0;
  std::atomic<bool> exceeded = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        if (!gate.take_place())
          continue;
        if (++inside > most)
          exceeded = true;
        --inside;
        gate.give_back_place();
      }
    });
  for (auto& thread : threads)
    thread.join();

  EXPECT_FALSE(exceeded);
  EXPECT_TRUE(gate.empty());
}

TEST(Admission, AnAddressHasItsOwnLimit) {
  admission gate{{.max_per_address = 1}};

  EXPECT_TRUE(gate.take_address(client_at(1)));
  EXPECT_FALSE(gate.take_address(client_at(1)));
  EXPECT_TRUE(gate.take_address(client_at(2)));

  gate.give_back_address(client_at(1));
  EXPECT_TRUE(gate.take_address(client_at(1)));
}

TEST(Admission, ClientsOfUnixSocketsHaveNoAddressToBeCountedBy) {
  admission gate{{.max_per_address = 0}};
  peer_address local;
  local.family = peer_address::kind::unix_socket;

  EXPECT_TRUE(gate.take_address(local));
  gate.give_back_address(local);
  EXPECT_FALSE(gate.take_address(client_at(1)));
}

TEST(Admission, TheAlarmIsRaisedAtItsThresholdOnceAPeriod) {
  admission gate{{.alarm = 3, .alarm_period = 10s}};

  EXPECT_FALSE(gate.raises_alarm(2, start));
  EXPECT_TRUE(gate.raises_alarm(3, start));
  EXPECT_FALSE(gate.raises_alarm(4, start + 9s));
  EXPECT_TRUE(gate.raises_alarm(4, start + 10s));
}

} // namespace admission_test
