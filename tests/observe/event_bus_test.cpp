// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/event_bus.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace event_bus_test {

using namespace coppice::observe;

namespace {

event about(std::string path) {
  event ev;
  ev.path = std::move(path);
  return ev;
}

} // namespace

TEST(EventBus, NumbersEventsInTheOrderOfPublication) {
  event_bus uut;

  EXPECT_EQ(uut.publish(about("a")), 1U);
  EXPECT_EQ(uut.publish(about("b")), 2U);

  auto got = uut.drain();
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].path, "a");
  EXPECT_EQ(got[1].seq, 2U);
}

TEST(EventBus, DropsTheOldestWhenNobodyReadsAndCountsThem) {
  event_bus uut{2};
  for (auto path : {"a", "b", "c"})
    uut.publish(about(path));

  auto got = uut.drain();

  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].path, "b");
  EXPECT_EQ(uut.lost(), 1U);
}

TEST(EventBus, WakesTheReaderOncePerBacklog) {
  event_bus uut;
  int wakes = 0;
  uut.on_pending([&] { ++wakes; });

  uut.publish(about("a"));
  uut.publish(about("b"));
  EXPECT_EQ(wakes, 1);

  uut.drain();
  uut.publish(about("c"));
  EXPECT_EQ(wakes, 2);
}

TEST(EventBus, WakesANewReaderIfEventsWaitAlready) {
  event_bus uut;
  uut.publish(about("a"));
  int wakes = 0;

  uut.on_pending([&] { ++wakes; });

  EXPECT_EQ(wakes, 1);
}

TEST(EventBus, KeepsTheLastForWhoeverReadsAtAPaceOfItsOwn) {
  event_bus uut{3};
  for (auto path : {"a", "b", "c", "d", "e"})
    uut.publish(about(path));
  uut.drain();

  auto all = uut.after(0, 10);
  EXPECT_EQ(all.missed, 2U);
  ASSERT_EQ(all.events.size(), 3U);
  EXPECT_EQ(all.events[0]->path, "c");

  auto some = uut.after(3, 1);
  EXPECT_EQ(some.missed, 0U);
  ASSERT_EQ(some.events.size(), 1U);
  EXPECT_EQ(some.events[0]->seq, 4U);

  EXPECT_EQ(uut.last_seq(), 5U);
  EXPECT_TRUE(uut.after(5, 10).events.empty());
  EXPECT_TRUE(uut.after(99, 10).events.empty());
}

TEST(EventBus, GivesEveryoneTheSameWhoeverDrainsIt) {
  event_bus uut;
  uut.publish(about("a"));
  uut.drain();
  uut.publish(about("b"));

  EXPECT_EQ(uut.after(0, 10).events.size(), 2U);
  ASSERT_EQ(uut.drain().size(), 1U);
  EXPECT_EQ(uut.lost(), 0U);
}

TEST(EventBus, WaitsForTheNext) {
  event_bus uut;
  auto seq = uut.publish(about("a"));
  uut.wait_for(0, std::chrono::hours{1}); // is there already

  std::thread other{[&] { uut.publish(about("b")); }};
  uut.wait_for(seq, std::chrono::hours{1});
  EXPECT_EQ(uut.last_seq(), 2U);
  other.join();

  uut.wait_for(2, std::chrono::milliseconds{1}); // until time is up
}

TEST(EventBus, WaitsNoLongerThanUntilItIsInterrupted) {
  event_bus uut;
  std::atomic<bool> over = false;
  std::thread reader{[&] {
    uut.wait_for(0, std::chrono::hours{1});
    over = true;
  }};

  while (!over)
    uut.interrupt(); // as often as it takes for it to wait already
  reader.join();
}

TEST(EventKind, HasANameThatLeadsBackToIt) {
  for (auto i = 0; i <= static_cast<int>(event_kind::notice); ++i) {
    auto kind = static_cast<event_kind>(i);
    EXPECT_EQ(event_kind_from(to_string(kind)), kind) << i;
  }
  EXPECT_EQ(to_string(event_kind::child_exited), "child_exited");
  EXPECT_EQ(to_string(event_kind::journal_resumed), "journal_resumed");
  EXPECT_FALSE(event_kind_from("no such kind"));
}

TEST(Event, IsDescribedInOneLineWithItsReason) {
  auto ev = about("coppice/worker");
  ev.kind = event_kind::child_exited;
  ev.reason = "boom";

  EXPECT_EQ(describe(ev), "coppice/worker exited: boom");
}

TEST(Event, TellsADecisionWithItsDetail) {
  auto ev = about("coppice/worker");
  ev.kind = event_kind::restarting;
  ev.detail = "permanent, 1 of 3 restarts in 5 s used";

  EXPECT_EQ(describe(ev), "coppice/worker restarting: permanent, 1 of 3 "
                          "restarts in 5 s used");
}

} // namespace event_bus_test
