#include "coppice/observe/event_bus.hpp"

#include <gtest/gtest.h>

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
