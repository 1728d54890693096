// SPDX-License-Identifier: BSD-3-Clause

#include "net/deadlines.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace deadlines_test {

using namespace coppice::net;
using namespace std::chrono_literals;

namespace {

constexpr deadlines::time_point start{1h};
constexpr deadlines::situation reading{};
constexpr deadlines::situation not_reading{.reads = false};
constexpr deadlines::situation output_waits{.reads = true,
                                            .output_waits = true};

} // namespace

TEST(Deadlines, WithoutLimitsNothingIsEverDue) {
  limits none;
  deadlines clock{none, start};

  EXPECT_FALSE(clock.next(output_waits));
  EXPECT_FALSE(clock.next_look(output_waits, start));
  EXPECT_FALSE(clock.limits_silence());
  EXPECT_FALSE(clock.limits_sending());
}

TEST(Deadlines, TheFirstByteIsDueUntilItHasCome) {
  limits given{.first_byte = 2s};
  deadlines clock{given, start};

  auto due = clock.next(reading);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->limit, time_limit::first_byte);
  EXPECT_EQ(due->at, start + 2s);
  EXPECT_TRUE(clock.limits_silence());

  clock.on_heard(start + 1s);
  EXPECT_FALSE(clock.next(reading));
  EXPECT_FALSE(clock.limits_silence());
}

TEST(Deadlines, TheIdleLimitCountsFromThePeersLastByte) {
  limits given{.idle = 5s};
  deadlines clock{given, start};

  clock.on_heard(start + 3s);
  clock.on_sent(start + 4s);

  auto due = clock.next(reading);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->limit, time_limit::idle);
  EXPECT_EQ(due->at, start + 8s);
}

TEST(Deadlines, APeerThatIsNotReadFromIsNotBlamedForItsSilence) {
  limits given{.first_byte = 1s, .idle = 1s};
  deadlines clock{given, start};

  EXPECT_FALSE(clock.next(not_reading));

  clock.restart_silence(start + 10s);
  auto due = clock.next(reading);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->at, start + 11s);
}

TEST(Deadlines, AConnectionsOwnIdleLimitReplacesTheListeners) {
  limits given{.idle = 5s};
  deadlines clock{given, start};

  clock.set_idle_limit(9s);
  ASSERT_TRUE(clock.next(reading));
  EXPECT_EQ(clock.next(reading)->at, start + 9s);

  clock.set_idle_limit({});
  EXPECT_FALSE(clock.next(reading));
}

TEST(Deadlines, TheEarliestLimitComesFirst) {
  limits given{.first_byte = 4s, .idle = 3s, .send = 2s, .lifetime = 1s};
  deadlines clock{given, start};

  EXPECT_EQ(clock.next(output_waits)->limit, time_limit::lifetime);
  clock.restart(time_limit::lifetime, start + 20s);
  EXPECT_EQ(clock.next(output_waits)->limit, time_limit::send);
  clock.restart(time_limit::send, start + 20s);
  EXPECT_EQ(clock.next(output_waits)->limit, time_limit::idle);
  clock.restart(time_limit::idle, start + 20s);
  EXPECT_EQ(clock.next(output_waits)->limit, time_limit::lifetime);
}

TEST(Deadlines, SendingCountsOnlyWhileOutputWaits) {
  limits given{.send = 2s};
  deadlines clock{given, start};
  EXPECT_TRUE(clock.limits_sending());
  EXPECT_FALSE(clock.next(reading));

  clock.on_output_waits(start + 5s, 100);

  auto due = clock.next(output_waits);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->limit, time_limit::send);
  EXPECT_EQ(due->at, start + 7s);
}

TEST(Deadlines, APeerThatTakesSomethingIsNotStalled) {
  limits given{.send = 2s};
  deadlines clock{given, start};
  clock.on_output_waits(start, 100);

  clock.on_taken(start + 1s, 101);
  EXPECT_EQ(clock.next(output_waits)->at, start + 3s);

  clock.on_taken(start + 2s, 101);
  EXPECT_EQ(clock.next(output_waits)->at, start + 3s);
}

TEST(Deadlines, AStalledPeerIsLookedAtSeveralTimesWithinItsLimit) {
  limits given{.send = 2s};
  deadlines clock{given, start};
  clock.on_output_waits(start, 0);

  EXPECT_EQ(clock.next_look(output_waits, start), start + 500ms);
  EXPECT_EQ(clock.next_look(output_waits, start + 1800ms), start + 2s);
}

TEST(Deadlines, ALookThatIsOverdueIsDueNow) {
  limits given{.idle = 1s};
  deadlines clock{given, start};

  EXPECT_EQ(clock.next_look(reading, start + 1h), start + 1h);
}

TEST(Deadlines, ALimitThatWasReachedCountsAnew) {
  limits given{.first_byte = 1s};
  deadlines clock{given, start};

  clock.restart(time_limit::first_byte, start + 1s);

  auto due = clock.next(reading);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->limit, time_limit::first_byte);
  EXPECT_EQ(due->at, start + 2s);
}

TEST(Deadlines, SilenceDoesNotCountBeforeAPreparationIsOver) {
  limits given{.first_byte = 1s, .idle = 2s, .lifetime = 1min};
  deadlines clock{given, start};
  clock.prepare(time_limit::handshake, 5s, start);
  clock.on_heard(start + 4s); // a part of the handshake

  auto due = clock.next(not_reading);
  ASSERT_TRUE(due);
  EXPECT_TRUE(clock.prepares());
  EXPECT_EQ(due->limit, time_limit::handshake);
  EXPECT_EQ(due->at, start + 5s);

  clock.end_preparation(start + 4s);

  due = clock.next(reading);
  ASSERT_TRUE(due);
  EXPECT_FALSE(clock.prepares());
  EXPECT_EQ(due->limit, time_limit::first_byte);
  EXPECT_EQ(due->at, start + 5s);
}

TEST(Deadlines, ALifetimeMayEndBeforeAPreparation) {
  limits given{.lifetime = 2s};
  deadlines clock{given, start};
  clock.prepare(time_limit::proxy_header, 5s, start);

  auto due = clock.next(reading);

  ASSERT_TRUE(due);
  EXPECT_EQ(due->limit, time_limit::lifetime);
}

} // namespace deadlines_test
