// SPDX-License-Identifier: BSD-3-Clause

#include "observe/event_counts.hpp"

#include <gtest/gtest.h>

namespace event_counts_test {

using namespace coppice;
using namespace coppice::observe;

namespace {

class EventCounts : public testing::Test {
protected:
  EventCounts() {
    using supervision::child_type;
    shown.add("", "top", child_type::supervisor, {}, 1);
    shown.add("top", "a", child_type::worker, supervision::restart::permanent,
              1);
    shown.add("top", "pool", child_type::supervisor,
              supervision::restart::permanent, 1);
  }

  std::uint64_t tell(event_kind kind, std::string path, std::string reason = {},
                     std::uint64_t cause = 0) {
    return bus.publish({.cause = cause,
                        .kind = kind,
                        .path = std::move(path),
                        .reason = std::move(reason)});
  }

  void restart(const std::string& path, const std::string& reason,
               std::size_t used = 1, std::int64_t intensity = 5) {
    auto cause = tell(event_kind::child_exited, path, reason);
    bus.publish(
      {.cause = cause,
       .kind = event_kind::restarting,
       .path = path,
       .decided = decision{.budget_used = used, .intensity = intensity}});
    tell(event_kind::child_restarted, path);
  }

  event_counts::snapshot counted() {
    uut.catch_up(bus, shown);
    return uut.read();
  }

  static std::uint64_t of(const event_counts::by_cause& all,
                          restart_cause what) {
    return all[static_cast<std::size_t>(what)];
  }

  static std::uint64_t total(const distribution& what) {
    std::uint64_t result = 0;
    for (auto n : what.counts)
      result += n;
    return result;
  }

  event_bus bus{16};
  tree shown;
  event_counts uut;
};

} // namespace

TEST_F(EventCounts, CountsRestartsByPathAndKindOfReason) {
  for (auto reason : {"normal", "shutdown", "{shutdown,late}", "killed"})
    restart("top/a", reason);

  auto got = counted().restarts.at("top/a");
  EXPECT_EQ(of(got, restart_cause::normal), 1U);
  EXPECT_EQ(of(got, restart_cause::shutdown), 2U);
  EXPECT_EQ(of(got, restart_cause::killed), 1U);
  EXPECT_EQ(of(got, restart_cause::abnormal), 0U);
}

TEST_F(EventCounts, NoTextOfACrashMakesACounter) {
  for (int i = 0; i < 5; ++i)
    restart("top/a", "\"boom\n" + std::to_string(i));

  auto got = counted();
  EXPECT_EQ(got.restarts.size(), 1U);
  EXPECT_EQ(of(got.restarts.at("top/a"), restart_cause::abnormal), 5U);
}

TEST_F(EventCounts, AFailedStartIsAReasonOfItsOwn) {
  auto failed = tell(event_kind::start_failed, "top/a", "no port");
  tell(event_kind::restarting, "top/a", {}, failed);

  EXPECT_EQ(of(counted().restarts.at("top/a"), restart_cause::start_failed),
            1U);
}

TEST_F(EventCounts, ChildrenThatTheTreeDoesNotShowCountTogether) {
  restart("top/pool/job:1", "killed");
  restart("top/pool/job:2", "killed");
  restart("top/pool/job:2/below", "killed");
  restart("nowhere", "killed");

  auto got = counted();
  EXPECT_EQ(of(got.restarts.at("top/pool/*"), restart_cause::killed), 3U);
  EXPECT_EQ(of(got.restarts.at("(others)"), restart_cause::killed), 1U);
  EXPECT_EQ(total(got.downtime), 0U);
}

TEST_F(EventCounts, TellsSoManyPathsApartAndNoMore) {
  using supervision::child_type;
  for (std::size_t i = 0; i < event_counts::most_paths + 5; ++i) {
    auto id = "x" + std::to_string(i);
    shown.add("top", id, child_type::worker, supervision::restart::permanent,
              1);
    restart("top/" + id, "killed");
    uut.catch_up(bus, shown);
    shown.remove("top/" + id, 1);
  }

  auto got = counted();
  EXPECT_EQ(got.restarts.size(), event_counts::most_paths + 1);
  EXPECT_EQ(of(got.restarts.at("(others)"), restart_cause::killed), 5U);
}

TEST_F(EventCounts, SaysWhenABudgetIsNearlyUsedUp) {
  for (std::size_t used = 1; used <= 5; ++used)
    restart("top/a", "killed", used, 5);

  EXPECT_EQ(counted().nearly_used.at("top"), 2U);
}

TEST_F(EventCounts, MeasuresFromTheEndOfAChildUntilItRunsAgain) {
  restart("top/a", "killed");
  tell(event_kind::child_stopped, "top/a", "shutdown");
  tell(event_kind::child_restarted, "top/a");
  tell(event_kind::child_restarted, "top/pool");

  auto got = counted().downtime;
  EXPECT_EQ(total(got), 2U);
  EXPECT_EQ(got.counts.size(), got.bounds.size() + 1);
  EXPECT_GT(got.sum.count(), 0);
}

TEST_F(EventCounts, CountsEachEventOnce) {
  tell(event_kind::gave_up, "top/a");
  counted();
  tell(event_kind::gave_up, "top/a");
  counted();

  auto got = counted();
  EXPECT_EQ(got.events[static_cast<std::size_t>(event_kind::gave_up)], 2U);
  EXPECT_EQ(got.missed, 0U);
}

TEST_F(EventCounts, WhatTheBusForgotIsMissed) {
  tell(event_kind::notice, "top/a");
  counted();
  for (int i = 0; i < 20; ++i)
    tell(event_kind::notice, "top/a");

  auto got = counted();
  EXPECT_EQ(got.missed, 4U);
  EXPECT_EQ(got.events[static_cast<std::size_t>(event_kind::notice)], 17U);
}

TEST_F(EventCounts, ARestartWhoseReasonIsForgottenStillCounts) {
  tell(event_kind::restarting, "top/a", {}, 4711);

  EXPECT_EQ(of(counted().restarts.at("top/a"), restart_cause::unknown), 1U);
}

TEST(Histogram, CountsADurationWithinTheFirstBoundThatHoldsIt) {
  using namespace std::chrono_literals;
  histogram<2> uut{{1ms, 10ms}};
  for (auto each : {0ns, 1'000'000ns, 1'000'001ns, 1'000'000'000ns, -5ns})
    uut.add(each);

  auto got = uut.read();
  EXPECT_EQ(got.counts, (std::vector<std::uint64_t>{3, 1, 1}));
  EXPECT_EQ(got.sum, 1'002'000'001ns);
}

} // namespace event_counts_test
