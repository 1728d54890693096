// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/event_bus.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace event_bus_test {

using namespace coppice::observe;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

namespace {

event about(std::string path) {
  event ev;
  ev.path = std::move(path);
  return ev;
}

std::vector<std::string> paths(const excerpt& what) {
  std::vector<std::string> result;
  for (auto& each : what.events)
    result.push_back(each->path);
  return result;
}

std::vector<std::uint64_t> numbers(const excerpt& what) {
  std::vector<std::uint64_t> result;
  for (auto& each : what.events)
    result.push_back(each->seq);
  return result;
}

} // namespace

TEST(EventBus, NumbersEventsInTheOrderOfPublication) {
  event_bus uut;
  event_reader reader{uut, "a reader"};

  EXPECT_EQ(uut.publish(about("a")), 1U);
  EXPECT_EQ(uut.publish(about("b")), 2U);

  auto got = reader.take();
  EXPECT_THAT(paths(got), ElementsAre("a", "b"));
  EXPECT_THAT(numbers(got), ElementsAre(1, 2));
}

TEST(EventBus, KeepsTheLastForWhoeverReadsAtAPaceOfItsOwn) {
  event_bus uut{3};
  event_reader reader{uut, "a reader"};
  for (auto path : {"a", "b", "c", "d", "e"})
    uut.publish(about(path));
  reader.take();

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

TEST(EventBus, CountsWhatReadersMissedByTheirNames) {
  event_bus uut{2};
  event_reader keeps_up{uut, "keeps up"};
  event_reader slow{uut, "slow"};
  std::optional<event_reader> left{std::in_place, uut, "slow"};

  for (auto path : {"a", "b", "c"}) {
    uut.publish(about(path));
    keeps_up.take();
  }
  EXPECT_THAT(uut.missed(), ElementsAre(Pair("keeps up", 0), Pair("slow", 2)));

  left.reset();
  slow.take();
  EXPECT_THAT(uut.missed(), ElementsAre(Pair("keeps up", 0), Pair("slow", 2)));

  for (auto path : {"d", "e", "f"})
    uut.publish(about(path));
  EXPECT_THAT(uut.missed(), ElementsAre(Pair("keeps up", 1), Pair("slow", 3)));
}

// -- readers ------------------------------------------------------------------

TEST(EventReader, TakesEachEventOnceWhoeverElseReads) {
  event_bus uut;
  event_reader a{uut, "a"};
  event_reader b{uut, "b"};
  uut.publish(about("one"));
  EXPECT_THAT(paths(a.take()), ElementsAre("one"));
  uut.publish(about("two"));

  EXPECT_THAT(paths(a.take()), ElementsAre("two"));
  EXPECT_THAT(paths(b.take()), ElementsAre("one", "two"));
  EXPECT_THAT(paths(a.take()), IsEmpty());
  EXPECT_THAT(paths(b.take()), IsEmpty());
  EXPECT_EQ(uut.after(0, 10).events.size(), 2U);
  EXPECT_EQ(a.missed(), 0U);
}

TEST(EventReader, TakesNoMoreThanItWants) {
  event_bus uut;
  event_reader reader{uut, "a reader"};
  for (auto path : {"a", "b", "c"})
    uut.publish(about(path));

  EXPECT_THAT(paths(reader.take(2)), ElementsAre("a", "b"));
  EXPECT_EQ(reader.position(), 2U);
  EXPECT_THAT(paths(reader.take(2)), ElementsAre("c"));
  EXPECT_EQ(reader.position(), 3U);
}

TEST(EventReader, BeginsAfterTheEventThatItNames) {
  event_bus uut{3};
  for (auto path : {"a", "b", "c", "d"})
    uut.publish(about(path));
  event_reader all{uut, "all"};
  event_reader later{uut, "later", 3};
  event_reader fresh{uut, "fresh", uut.last_seq()};
  event_reader beyond{uut, "beyond", 99};
  uut.publish(about("e"));

  EXPECT_EQ(all.missed(), 2U);
  EXPECT_THAT(paths(all.take()), ElementsAre("c", "d", "e"));
  EXPECT_THAT(paths(later.take()), ElementsAre("d", "e"));
  EXPECT_THAT(paths(fresh.take()), ElementsAre("e"));
  EXPECT_THAT(paths(beyond.take()), ElementsAre("e"));
}

TEST(EventReader, LearnsHowManyItMissedWhenItIsSlow) {
  event_bus uut{2};
  event_reader reader{uut, "a reader"};
  for (auto path : {"a", "b", "c"})
    uut.publish(about(path));
  EXPECT_EQ(reader.missed(), 1U);

  auto got = reader.take();
  EXPECT_EQ(got.missed, 1U);
  EXPECT_THAT(paths(got), ElementsAre("b", "c"));
  EXPECT_EQ(reader.missed(), 1U);

  // Each loss is reported once, however often the ring goes round.
  for (auto n = 0; n < 7; ++n)
    uut.publish(about("more"));
  got = reader.take(1);
  EXPECT_EQ(got.missed, 5U);
  EXPECT_THAT(numbers(got), ElementsAre(9));
  got = reader.take(1);
  EXPECT_EQ(got.missed, 0U);
  EXPECT_THAT(numbers(got), ElementsAre(10));
  EXPECT_EQ(reader.missed(), 6U);
}

TEST(EventReader, LosesNothingSilentlyWithTheSmallestRing) {
  event_bus uut{1};
  event_reader reader{uut, "a reader"};

  uut.publish(about("a"));
  EXPECT_THAT(paths(reader.take()), ElementsAre("a"));
  uut.publish(about("b"));
  uut.publish(about("c"));

  auto got = reader.take();
  EXPECT_EQ(got.missed, 1U);
  EXPECT_THAT(paths(got), ElementsAre("c"));
}

TEST(EventReader, IsWokenOncePerBacklog) {
  event_bus uut;
  event_reader reader{uut, "a reader"};
  int wakes = 0;
  reader.on_pending([&] { ++wakes; });

  uut.publish(about("a"));
  uut.publish(about("b"));
  EXPECT_EQ(wakes, 1);

  reader.take();
  uut.publish(about("c"));
  EXPECT_EQ(wakes, 2);
}

TEST(EventReader, IsNotWokenAgainBeforeItHasTakenAll) {
  event_bus uut;
  event_reader reader{uut, "a reader"};
  int wakes = 0;
  reader.on_pending([&] { ++wakes; });
  uut.publish(about("a"));
  uut.publish(about("b"));

  reader.take(1);
  uut.publish(about("c"));
  EXPECT_EQ(wakes, 1);

  reader.take();
  uut.publish(about("d"));
  EXPECT_EQ(wakes, 2);
}

TEST(EventReader, IsWokenAfterItMissedSome) {
  event_bus uut{2};
  event_reader reader{uut, "a reader"};
  int wakes = 0;
  reader.on_pending([&] { ++wakes; });
  for (auto n = 0; n < 5; ++n)
    uut.publish(about("a"));
  EXPECT_EQ(wakes, 1);

  reader.take();
  uut.publish(about("b"));

  EXPECT_EQ(wakes, 2);
}

TEST(EventReader, IsWokenWhateverOthersTake) {
  event_bus uut;
  event_reader a{uut, "a"};
  event_reader b{uut, "b"};
  int wakes_of_a = 0;
  int wakes_of_b = 0;
  a.on_pending([&] { ++wakes_of_a; });
  b.on_pending([&] { ++wakes_of_b; });

  uut.publish(about("one"));
  a.take();
  uut.publish(about("two"));
  b.take();
  uut.publish(about("three"));

  EXPECT_EQ(wakes_of_a, 2);
  EXPECT_EQ(wakes_of_b, 2);
}

TEST(EventReader, IsWokenAtOnceIfEventsWaitAlready) {
  event_bus uut;
  event_reader reader{uut, "a reader"};
  uut.publish(about("a"));
  int wakes = 0;

  reader.on_pending([&] { ++wakes; });

  EXPECT_EQ(wakes, 1);
}

TEST(EventReader, IsNotWokenOnceItHasLeft) {
  event_bus uut;
  int wakes = 0;
  {
    event_reader reader{uut, "a reader"};
    reader.on_pending([&] { ++wakes; });
    auto moved = std::move(reader);
    uut.publish(about("a"));
  }
  uut.publish(about("b"));

  EXPECT_EQ(wakes, 1);
}

TEST(EventReader, MayOutliveItsBus) {
  auto bus = std::make_unique<event_bus>();
  event_reader reader{*bus, "a reader"};
  bus->publish(about("a"));

  bus.reset();

  EXPECT_THAT(paths(reader.take()), ElementsAre("a"));
}

TEST(EventReader, MayLeaveWhileOthersPublish) {
  constexpr std::uint64_t rounds = 200;
  event_bus uut{16};
  std::atomic<bool> over = false;
  std::vector<std::thread> writers;
  for (auto n = 0; n < 2; ++n)
    writers.emplace_back([&] {
      while (!over) {
        uut.publish(about("a"));
        std::this_thread::yield(); // a mutex is not fair
      }
    });

  for (std::uint64_t n = 0; n < rounds; ++n) {
    auto wakes = std::make_unique<int>(0); // gone when the reader is
    event_reader reader{uut, "one of many", uut.last_seq()};
    reader.on_pending([&] { ++*wakes; });
    reader.take(4);
  }
  over = true;
  for (auto& each : writers)
    each.join();

  EXPECT_EQ(uut.missed().size(), 1U);
}

TEST(EventReader, GetsEachEventInOrderOrLearnsThatItIsMissing) {
  constexpr std::uint64_t each = 20'000;
  event_bus uut{64};
  std::vector<std::thread> threads;
  std::vector<std::string> problems(3);
  for (std::size_t n = 0; n < problems.size(); ++n)
    threads.emplace_back(
      [&, reader = event_reader{uut, "reader"}, n]() mutable {
        std::uint64_t last = 0;
        while (last < 2 * each) {
          reader.wait(std::chrono::hours{1});
          auto got = reader.take(n == 0 ? 1 : event_reader::all);
          last += got.missed;
          for (auto& ev : got.events)
            if (ev->seq != ++last)
              problems[n] = "expected " + std::to_string(last) + ", got "
                            + std::to_string(ev->seq);
        }
      });
  for (auto n = 0; n < 2; ++n)
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < each; ++i)
        uut.publish(about("a"));
    });
  for (auto& thread : threads)
    thread.join();

  EXPECT_THAT(problems, testing::Each(""));
}

TEST(EventReader, WaitsForTheNext) {
  event_bus uut;
  event_reader reader{uut, "a reader"};
  uut.publish(about("a"));
  reader.wait(std::chrono::hours{1}); // is there already
  reader.take();

  std::thread other{[&] { uut.publish(about("b")); }};
  reader.wait(std::chrono::hours{1});
  EXPECT_EQ(uut.last_seq(), 2U);
  other.join();

  reader.take();
  reader.wait(std::chrono::milliseconds{1}); // until time is up
}

TEST(EventReader, WaitsNoLongerThanUntilItIsInterrupted) {
  event_bus uut;
  event_reader reader{uut, "a reader"};
  std::atomic<bool> over = false;
  std::thread waiting{[&] {
    reader.wait(std::chrono::hours{1});
    over = true;
  }};

  while (!over)
    uut.interrupt(); // as often as it takes for it to wait already
  waiting.join();
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
