// SPDX-License-Identifier: BSD-3-Clause

#include "journal/store.hpp"

#include "journal/event_json.hpp"
#include "journal/recorder.hpp"
#include "journal_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace store_test {

using namespace coppice;
using namespace coppice::journal;
using namespace std::chrono_literals;

using observe::event;
using observe::event_kind;
using test::made;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

class Store : public ::testing::Test {
protected:
  std::vector<std::string> paths(const query& wanted) {
    std::vector<std::string> result;
    reader from{file.path()};
    for (auto& each : from.find(wanted))
      result.push_back(each.what.path);
    return result;
  }

  static void append(writer& to, std::vector<event> events) {
    to.append(events);
  }

  test::journal_file file;
};

} // namespace

TEST_F(Store, GivesBackWhatWasWritten) {
  event ev = made(3, event_kind::restarting, "top/a", 2);
  ev.incarnation = 4;
  ev.reason = "boom";
  ev.detail = "permanent";
  ev.decided = {.restart = supervision::restart::transient,
                .strategy = supervision::strategy::rest_for_one,
                .affected = {"a", "b"},
                .affected_count = 20,
                .budget_used = 2,
                .intensity = 3,
                .period = 5s,
                .delay = 100ms};
  {
    writer to{file.path(), {}};
    append(to, {ev});
  }

  reader from{file.path()};
  auto found = from.find({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].run, 1);
  auto expected = to_json(ev);
  EXPECT_EQ(to_json(found[0].what), expected);
  EXPECT_EQ(expected["decision"]["delay_ms"], 100);
  EXPECT_EQ(from.at(1, 3)->what.path, "top/a");
  EXPECT_FALSE(from.at(1, 4));
  EXPECT_FALSE(from.at(2, 3));
}

TEST_F(Store, FindsByPatternKindTimeRunAndNumber) {
  {
    writer first{file.path(), {}};
    append(first, {made(1, event_kind::child_started, "top/acceptor:0", 0, 1h),
                   made(2, event_kind::child_exited, "top/acceptor:1"),
                   made(3, event_kind::notice, "top/x[1]?")});
  }
  writer second{file.path(), {}};
  append(second, {made(1, event_kind::child_exited, "top/acceptor:10")});

  EXPECT_EQ(second.run(), 2);
  EXPECT_THAT(
    paths({.path = "acceptor:*"}),
    ElementsAre("top/acceptor:0", "top/acceptor:1", "top/acceptor:10"));
  EXPECT_THAT(paths({.path = "acceptor:1"}), ElementsAre("top/acceptor:1"));
  EXPECT_THAT(paths({.path = "cceptor:1"}), IsEmpty());
  EXPECT_THAT(paths({.path = "x[1]?"}), ElementsAre("top/x[1]?"));
  EXPECT_THAT(paths({.path = "'; DROP TABLE events; --"}), IsEmpty());
  EXPECT_THAT(paths({.kind = event_kind::child_exited}),
              ElementsAre("top/acceptor:1", "top/acceptor:10"));
  EXPECT_THAT(
    paths({.since = std::chrono::system_clock::now() - 1min, .path = "top/*"}),
    ElementsAre("top/acceptor:1", "top/x[1]?", "top/acceptor:10"));
  EXPECT_THAT(paths({.until = std::chrono::system_clock::now() - 1min}),
              ElementsAre("top/acceptor:0"));
  EXPECT_THAT(paths({.run = 2}), ElementsAre("top/acceptor:10"));
  EXPECT_THAT(paths({.limit = 2}), ElementsAre("top/x[1]?", "top/acceptor:10"));
}

TEST_F(Store, ForgetsWhatIsTooOld) {
  {
    writer to{file.path(), {.max_age = 60s}};
    append(to, {made(1, event_kind::notice, "old", 0, 61s),
                made(2, event_kind::notice, "new", 0, 30s)});
  }
  writer next{file.path(), {.max_age = 60s}};

  EXPECT_THAT(paths({}), ElementsAre("new"));
}

TEST_F(Store, IsBoundedBySize) {
  constexpr std::uint64_t limit = 1 << 20;
  constexpr std::size_t count = 20'000;
  writer to{file.path(), {.max_bytes = limit}};
  std::vector<event> batch;
  for (std::uint64_t seq = 1; seq <= count; ++seq) {
    auto ev = made(seq, event_kind::notice, "top/worker");
    ev.detail = std::string(200, 'x');
    batch.push_back(std::move(ev));
    if (batch.size() == 500) {
      append(to, std::exchange(batch, {}));
    }
  }

  EXPECT_LT(std::filesystem::file_size(file.path()), 2 * limit);
  reader from{file.path()};
  auto kept = from.find({});
  EXPECT_GT(kept.size(), 1000U);
  EXPECT_LT(kept.size(), count / 2);
  EXPECT_EQ(kept.back().what.seq, count);
}

TEST_F(Store, CanBeReadWhileItIsWritten) {
  writer to{file.path(), {}};
  reader from{file.path()};
  append(to, {made(1, event_kind::notice, "a")});

  EXPECT_EQ(from.find({}).size(), 1U);
}

TEST_F(Store, TakesTwoServers) {
  writer one{file.path(), {}};
  writer two{file.path(), {}};
  append(one, {made(1, event_kind::notice, "one")});
  append(two, {made(1, event_kind::notice, "two")});

  EXPECT_THAT(paths({}), ElementsAre("one", "two"));
}

TEST_F(Store, IsReadInPartsSoThatNoReaderHoldsItUp) {
  constexpr std::uint64_t count = 2500;
  writer to{file.path(), {}};
  std::vector<event> all;
  for (std::uint64_t seq = 1; seq <= count; ++seq)
    all.push_back(made(seq, event_kind::notice, "top"));
  append(to, all);

  reader from{file.path()};
  std::uint64_t expected = 0;
  from.for_each({.path = "top"}, [&](const entry& each) {
    EXPECT_EQ(each.what.seq, ++expected);
    if (expected == 1) // whoever is told may take any time
      append(to, {made(count + 1, event_kind::notice, "top")});
  });
  EXPECT_EQ(expected, count + 1);
  EXPECT_EQ(from.find({.limit = 1700}).front().what.seq, count + 2 - 1700);
}

TEST_F(Store, GoesOnWithItsRunAfterItFailed) {
  recorder uut{file.path(), {}};
  std::vector<event> batch{made(1, event_kind::notice, "a")};
  EXPECT_FALSE(uut.record(batch, {}));
  EXPECT_TRUE(uut.record(batch, {})); // the same number twice
  batch = {made(2, event_kind::notice, "b")};
  EXPECT_TRUE(uut.record(batch, recorder::clock::time_point{recorder::pause}));

  reader from{file.path()};
  auto kept = from.find({});
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1].run, kept[0].run);
}

TEST_F(Store, SaysWhyItCannotBeOpened) {
  auto complaint = [](auto open) -> std::string {
    try {
      open();
    } catch (const store_error& err) {
      return err.what();
    }
    return "opened";
  };

  EXPECT_EQ(complaint([&] { reader from{file.path()}; }),
            "there is no journal at " + file.path().string());
  std::ofstream{file.folder() / "text"} << std::string(4096, 'x');
  EXPECT_THAT(complaint([&] { writer to(file.folder() / "text", {}); }),
              HasSubstr("file is not a database"));
  EXPECT_THAT(complaint([&] { writer to(file.folder() / "text/db", {}); }),
              HasSubstr("cannot create"));
}

TEST_F(Store, IsTriedAgainAfterAWhileAndSaysSoOnce) {
  auto here = file.folder() / "here";
  std::ofstream{here} << "in the way";
  recorder uut{here / "journal.db", {}};
  std::vector<event> batch{made(1, event_kind::notice, "a")};
  recorder::clock::time_point now{};

  auto told = uut.record(batch, now);
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->failed);
  EXPECT_THAT(told->text, HasSubstr("cannot create"));
  EXPECT_FALSE(uut.record(batch, now + 1s));
  EXPECT_FALSE(uut.record(batch, now + recorder::pause)); // still in the way

  std::filesystem::remove(here);
  EXPECT_FALSE(uut.record(batch, now + recorder::pause + 1s)); // not due
  told = uut.record(batch, now + 2 * recorder::pause);
  ASSERT_TRUE(told);
  EXPECT_FALSE(told->failed);
  EXPECT_EQ(told->text, "4 events are missing from it");
  batch = {made(2, event_kind::notice, "b")};
  EXPECT_FALSE(uut.record(batch, now + 2 * recorder::pause));
}

TEST(DefaultFile, IsWhereTheEnvironmentKeepsState) {
  ::setenv("STATE_DIRECTORY", "/var/lib/x", 1);
  EXPECT_EQ(default_file(), "/var/lib/x/journal.db");
  ::unsetenv("STATE_DIRECTORY");
  ::setenv("XDG_STATE_HOME", "/xdg", 1);
  EXPECT_EQ(default_file(), "/xdg/coppice/journal.db");
  ::unsetenv("XDG_STATE_HOME");
  ::setenv("HOME", "/home/x", 1);
  EXPECT_EQ(default_file(), "/home/x/.local/state/coppice/journal.db");
  ::unsetenv("HOME");
  EXPECT_FALSE(default_file());
}

} // namespace store_test
