// SPDX-License-Identifier: BSD-3-Clause

#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace timer_wheel_test {

using namespace coppice::net;
using namespace std::chrono_literals;

namespace {

constexpr timer_wheel::clock::time_point start{1000s};

class probe final : public timer {
public:
  std::function<void()> fn;
  int fired = 0;

private:
  void on_timer() override {
    ++fired;
    if (fn)
      fn();
  }
};

class TimerWheel : public ::testing::Test {
protected:
  timer_wheel uut{start};
  probe a;
  probe b;
};

} // namespace

TEST_F(TimerWheel, NeverFiresEarlyAndAtMostOneTickLate) {
  uut.arm(a, start + 100ms);

  uut.advance(start + 99ms);
  EXPECT_EQ(a.fired, 0);
  uut.advance(start + 100ms + timer_wheel::tick);
  EXPECT_EQ(a.fired, 1);
}

TEST_F(TimerWheel, FiresOnlyOnce) {
  uut.arm(a, start + 1ms);

  uut.advance(start + 1s);
  uut.advance(start + 100s);

  EXPECT_EQ(a.fired, 1);
  EXPECT_FALSE(a.armed());
}

TEST_F(TimerWheel, KeepsTimersThatAreFurtherAwayThanOneTurn) {
  uut.arm(a, start + 60s);

  for (auto t = 0s; t < 60s; t += 1s)
    uut.advance(start + t);
  EXPECT_EQ(a.fired, 0);
  uut.advance(start + 60s + timer_wheel::tick);
  EXPECT_EQ(a.fired, 1);
}

TEST_F(TimerWheel, FiresEverythingAfterALongSleep) {
  uut.arm(a, start + 10ms);
  uut.arm(b, start + 50s);

  uut.advance(start + 100s);

  EXPECT_EQ(a.fired, 1);
  EXPECT_EQ(b.fired, 1);
}

TEST_F(TimerWheel, RearmingReplacesTheEarlierDeadline) {
  uut.arm(a, start + 100ms);
  uut.arm(a, start + 1s);

  uut.advance(start + 500ms);
  EXPECT_EQ(a.fired, 0);
  uut.advance(start + 2s);
  EXPECT_EQ(a.fired, 1);
}

TEST_F(TimerWheel, CancelledTimersDoNotFire) {
  uut.arm(a, start + 100ms);
  uut.cancel(a);

  uut.advance(start + 1s);

  EXPECT_EQ(a.fired, 0);
}

TEST_F(TimerWheel, ATimerMayArmItselfAgain) {
  a.fn = [this] { uut.arm(a, start + 10s); };
  uut.arm(a, start + 10ms);

  uut.advance(start + 1s);
  EXPECT_EQ(a.fired, 1);
  uut.advance(start + 11s);
  EXPECT_EQ(a.fired, 2);
}

TEST_F(TimerWheel, ATimerMayCancelOneThatIsDueAtTheSameTime) {
  a.fn = [this] { uut.cancel(b); };
  b.fn = [this] { uut.cancel(a); };
  uut.arm(a, start + 10ms);
  uut.arm(b, start + 10ms);

  uut.advance(start + 1s);

  EXPECT_EQ(a.fired + b.fired, 1);
}

TEST_F(TimerWheel, ATimerThatGoesLeavesTheWheel) {
  {
    probe gone;
    uut.arm(gone, start + 10ms);
  }
  uut.advance(start + 1s);

  EXPECT_FALSE(uut.next());
}

TEST_F(TimerWheel, SaysWhenToComeBack) {
  EXPECT_FALSE(uut.next());
  uut.arm(a, start + 100ms);

  auto next = uut.next();

  ASSERT_TRUE(next);
  EXPECT_GE(*next, start + 100ms);
  EXPECT_LE(*next, start + 100ms + timer_wheel::tick);
}

TEST_F(TimerWheel, FollowingNextNeverMissesADeadline) {
  std::vector<probe> timers(50);
  for (std::size_t i = 0; i < timers.size(); ++i)
    uut.arm(timers[i], start + (i * i) * 37ms);
  auto now = start;
  while (auto next = uut.next()) {
    ASSERT_GT(*next, now);
    now = *next;
    uut.advance(now);
    for (std::size_t i = 0; i < timers.size(); ++i) {
      auto late = start + (i * i) * 37ms + timer_wheel::tick <= now;
      ASSERT_TRUE(!late || timers[i].fired == 1) << i;
    }
  }
  EXPECT_EQ(timers.back().fired, 1);
}

} // namespace timer_wheel_test
