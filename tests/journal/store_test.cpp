// SPDX-License-Identifier: BSD-3-Clause

#include "journal/store.hpp"

#include "journal/event_json.hpp"
#include "journal_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace store_test {

using namespace coppice;
using namespace coppice::journal;
using namespace std::chrono_literals;

using observe::event;
using observe::event_kind;
using test::made;
using test::must;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

class Store : public ::testing::Test {
protected:
  std::vector<std::string> paths(const query& wanted) {
    std::vector<std::string> result;
    auto from = must(reader::open(file.path()));
    for (auto& each : must(from.find(wanted)))
      result.push_back(each.what.path);
    return result;
  }

  static void append(writer& to, std::vector<event> events) {
    must(to.append(events));
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
    auto to = must(writer::open(file.path(), {}));
    append(to, {ev});
  }

  auto from = must(reader::open(file.path()));
  auto found = must(from.find({}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].run, 1);
  auto expected = to_json(ev);
  EXPECT_EQ(to_json(found[0].what), expected);
  EXPECT_EQ(expected["decision"]["delay_ms"], 100);
  EXPECT_EQ(must(from.at(1, 3))->what.path, "top/a");
  EXPECT_FALSE(must(from.at(1, 4)));
  EXPECT_FALSE(must(from.at(2, 3)));
}

TEST_F(Store, FindsByPatternKindTimeRunAndNumber) {
  {
    auto first = must(writer::open(file.path(), {}));
    append(first, {made(1, event_kind::child_started, "top/acceptor:0", 0, 1h),
                   made(2, event_kind::child_exited, "top/acceptor:1"),
                   made(3, event_kind::notice, "top/x[1]?")});
  }
  auto second = must(writer::open(file.path(), {}));
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
    auto to = must(writer::open(file.path(), {.max_age = 60s}));
    append(to, {made(1, event_kind::notice, "old", 0, 61s),
                made(2, event_kind::notice, "new", 0, 30s)});
  }
  auto next = must(writer::open(file.path(), {.max_age = 60s}));

  EXPECT_THAT(paths({}), ElementsAre("new"));
}

TEST_F(Store, IsBoundedBySize) {
  constexpr std::uint64_t limit = 1 << 20;
  constexpr std::size_t count = 20'000;
  auto to = must(writer::open(file.path(), {.max_bytes = limit}));
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
  auto from = must(reader::open(file.path()));
  auto kept = must(from.find({}));
  EXPECT_GT(kept.size(), 1000U);
  EXPECT_LT(kept.size(), count / 2);
  EXPECT_EQ(kept.back().what.seq, count);
}

TEST_F(Store, CanBeReadWhileItIsWritten) {
  auto to = must(writer::open(file.path(), {}));
  auto from = must(reader::open(file.path()));
  append(to, {made(1, event_kind::notice, "a")});

  EXPECT_EQ(must(from.find({})).size(), 1U);
}

TEST_F(Store, TakesTwoServers) {
  auto one = must(writer::open(file.path(), {}));
  auto two = must(writer::open(file.path(), {}));
  append(one, {made(1, event_kind::notice, "one")});
  append(two, {made(1, event_kind::notice, "two")});

  EXPECT_THAT(paths({}), ElementsAre("one", "two"));
}

TEST_F(Store, IsReadInPartsSoThatNoReaderHoldsItUp) {
  constexpr std::uint64_t count = 2500;
  auto to = must(writer::open(file.path(), {}));
  std::vector<event> all;
  for (std::uint64_t seq = 1; seq <= count; ++seq)
    all.push_back(made(seq, event_kind::notice, "top"));
  append(to, all);

  auto from = must(reader::open(file.path()));
  std::uint64_t expected = 0;
  auto read = from.for_each({.path = "top"}, [&](const entry& each) {
    EXPECT_EQ(each.what.seq, ++expected);
    if (expected == 1) // the callback may take any time
      append(to, {made(count + 1, event_kind::notice, "top")});
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(expected, count + 1);
  EXPECT_EQ(must(from.find({.limit = 1700})).front().what.seq,
            count + 2 - 1700);
}

TEST_F(Store, TakesAnEventOnce) {
  auto to = must(writer::open(file.path(), {}));
  append(to, {made(1, event_kind::notice, "a")});
  append(to,
         {made(1, event_kind::notice, "a"), made(2, event_kind::notice, "b")});

  EXPECT_THAT(paths({}), ElementsAre("a", "b"));
}

TEST_F(Store, KnowsARunAgainThatAnotherHasForgotten) {
  auto to = must(writer::open(file.path(), {}));
  {
    auto other
      = must(writer::open(file.path(), {.max_age = 0s})); // too old at once
    ASSERT_EQ(test::number_in(file.path(), "SELECT count(*) FROM runs "
                                           "WHERE run = 1"),
              0);
  }

  append(to, {made(1, event_kind::notice, "a")});

  EXPECT_EQ(to.run(), 1);
  EXPECT_EQ(test::number_in(file.path(), "SELECT count(*) FROM runs "
                                         "WHERE run = 1"),
            1);
}

// An older coppice, whose file was deleted, goes on under the number that it
// had.
TEST_F(Store, TakesANewNumberIfAnotherWritesUnderItsOwn) {
  auto to = must(writer::open(file.path(), {}));
  append(to, {made(1, event_kind::notice, "mine")});
  test::run_sql(file.path(),
                "INSERT INTO events VALUES (1, 3, 0, 5, 'notice', 'other', 0, "
                "0, '', '', NULL);"
                // Nor one that nobody has made known.
                "INSERT INTO events VALUES (2, 3, 0, 5, 'notice', 'third', 0, "
                "0, '', '', NULL)");

  append(to, {made(2, event_kind::notice, "mine"),
              made(3, event_kind::notice, "mine")});

  EXPECT_EQ(to.run(), 3);
  EXPECT_THAT(paths({.run = 1}), ElementsAre("mine", "other"));
  EXPECT_THAT(paths({.run = 2}), ElementsAre("third"));
  EXPECT_THAT(paths({.run = 3}), ElementsAre("mine", "mine"));
}

// Source: SQLite, How To Corrupt An SQLite Database File, 2.2.
TEST_F(Store, DropsNoLockThatThisProcessHas) {
  auto to = must(writer::open(file.path(), {}));
  append(to, {made(1, event_kind::notice, "a")});
  test::lock_watcher locks{file.path()};
  ASSERT_TRUE(locks.sees_one());

  auto other = must(writer::open(file.path(), {}));
  EXPECT_TRUE(locks.sees_one());
  auto from = must(reader::open(file.path()));
  EXPECT_EQ(must(from.find({})).size(), 1U);
  EXPECT_TRUE(locks.sees_one());
}

TEST_F(Store, DropsNoLockOnADatabaseThatItRefuses) {
  std::filesystem::create_directory(file.path().parent_path());
  test::run_sql(file.path(), "CREATE TABLE mine (x)");
  test::lock_watcher locks{file.path()};
  test::open_reader mine{file.path(), "BEGIN IMMEDIATE"};
  ASSERT_TRUE(locks.sees_one());

  EXPECT_FALSE(writer::open(file.path(), {}));

  EXPECT_TRUE(locks.sees_one());
}

TEST_F(Store, OpensNoPipe) {
  std::filesystem::create_directory(file.path().parent_path());
  ASSERT_EQ(::mkfifo(file.path().c_str(), 0600), 0);

  auto opened = writer::open(file.path(), {});

  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("no regular file"));
}

TEST_F(Store, SaysWhyItCannotBeOpened) {
  auto complaint = [](const auto& opened) -> std::string {
    return opened ? "opened" : opened.error().text;
  };

  EXPECT_EQ(complaint(reader::open(file.path())),
            "there is no journal at " + file.path().string());
  std::ofstream{file.folder() / "text"} << std::string(4096, 'x');
  EXPECT_THAT(complaint(writer::open(file.folder() / "text", {})),
              HasSubstr("file is not a database"));
  EXPECT_THAT(complaint(writer::open(file.folder() / "text/db", {})),
              HasSubstr("cannot create"));
}

TEST_F(Store, IsForItsOwnerAlone) {
  auto to = must(writer::open(file.path(), {}));
  append(to, {made(1, event_kind::notice, "a")});

  auto rights = [](const std::filesystem::path& of) {
    return std::filesystem::status(of).permissions();
  };
  using std::filesystem::perms;
  auto owner = perms::owner_read | perms::owner_write;
  EXPECT_EQ(rights(file.path()), owner);
  EXPECT_EQ(rights(file.path().string() + "-wal"), owner);
  EXPECT_EQ(rights(file.path().parent_path()), owner | perms::owner_exec);
}

TEST_F(Store, LeavesTheRightsOfWhatIsThere) {
  std::filesystem::create_directory(file.path().parent_path());
  std::ofstream{file.path()};
  auto given = std::filesystem::perms{0644};
  std::filesystem::permissions(file.path(), given);

  auto to = must(writer::open(file.path(), {}));

  EXPECT_EQ(std::filesystem::status(file.path()).permissions(), given);
}

TEST_F(Store, CanBeReadWhereNothingMayBeMadeAfterAnOrderlyEnd) {
  {
    auto to = must(writer::open(file.path(), {}));
    append(to, {made(1, event_kind::notice, "a")});
    to.finish();
  }
  test::read_only_folder sealed{file.path().parent_path()};

  EXPECT_THAT(paths({}), ElementsAre("a"));
  EXPECT_THAT(sealed.names(), ElementsAre("journal.db"));
}

TEST_F(Store, CanBeReadWhereNothingMayBeMadeAfterACrash) {
  auto copy = file.folder() / "copy" / "journal.db";
  auto to = must(writer::open(file.path(), {}));
  append(to, {made(1, event_kind::notice, "a")});
  std::filesystem::create_directory(copy.parent_path());
  for (auto* suffix : {"", "-wal"}) // as a server that was killed leaves it
    std::filesystem::copy_file(file.path().string() + suffix,
                               copy.string() + suffix);
  test::read_only_folder sealed{copy.parent_path()};

  auto found = must(must(reader::open(copy)).find({}));

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].what.path, "a");
  EXPECT_THAT(sealed.names(),
              testing::UnorderedElementsAre("journal.db", "journal.db-wal"));
}

// SQLite resolves links: its log is beside the file.
TEST_F(Store, CanBeReadThroughALinkWhereNothingMayBeMadeAfterACrash) {
  auto copy = file.folder() / "copy" / "journal.db";
  auto link = file.folder() / "links" / "journal.db";
  auto to = must(writer::open(file.path(), {}));
  append(to, {made(1, event_kind::notice, "a")});
  to.finish();
  to = must(writer::open(file.path(), {})); // "a" alone is in the file itself
  append(to, {made(2, event_kind::notice, "b")});
  std::filesystem::create_directory(copy.parent_path());
  std::filesystem::create_directory(link.parent_path());
  std::filesystem::create_symlink("../copy/journal.db", link);
  for (auto* suffix : {"", "-wal"}) // as a server that was killed leaves it
    std::filesystem::copy_file(file.path().string() + suffix,
                               copy.string() + suffix);
  test::read_only_folder sealed{copy.parent_path()};

  auto found = must(must(reader::open(link)).find({}));

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].what.path, "b");
}

TEST_F(Store, OfAnotherProgramIsRefusedUntouched) {
  std::filesystem::create_directory(file.path().parent_path());
  for (auto* sql : {"CREATE TABLE mine (x); INSERT INTO mine VALUES (1)",
                    "PRAGMA application_id = 42",
                    "PRAGMA journal_mode = WAL; CREATE TABLE mine (x)",
                    "CREATE TABLE events (x); PRAGMA user_version = 1"}) {
    std::filesystem::remove(file.path());
    test::run_sql(file.path(), sql);
    auto before = test::text_of(file.path());

    auto opened = writer::open(file.path(), {});
    ASSERT_FALSE(opened) << "opened after " << sql;
    EXPECT_EQ(opened.error().kind, trouble::foreign) << sql;
    EXPECT_THAT(opened.error().text, HasSubstr("another program")) << sql;

    EXPECT_EQ(test::text_of(file.path()), before) << sql;
    EXPECT_FALSE(std::filesystem::exists(file.path().string() + "-wal")) << sql;
  }
}

TEST_F(Store, OfAnEarlierCoppiceIsTaken) {
  std::filesystem::create_directory(file.path().parent_path());
  test::run_sql(file.path(), R"--(
    CREATE TABLE runs (run INTEGER PRIMARY KEY AUTOINCREMENT,
      started_us INTEGER NOT NULL, pid INTEGER NOT NULL);
    CREATE TABLE events (run INTEGER NOT NULL, seq INTEGER NOT NULL,
      wall_us INTEGER NOT NULL, mono_ns INTEGER NOT NULL, kind TEXT NOT NULL,
      path TEXT NOT NULL, incarnation INTEGER NOT NULL, cause INTEGER NOT NULL,
      reason TEXT NOT NULL, detail TEXT NOT NULL, decision TEXT,
      PRIMARY KEY (run, seq)) WITHOUT ROWID;
    CREATE INDEX events_by_time ON events (wall_us);
    INSERT INTO runs VALUES (1, 2, 3);
    PRAGMA user_version = 1;
  )--");
  EXPECT_THAT(must(must(reader::open(file.path())).find({})), IsEmpty());

  auto to = must(writer::open(file.path(), {}));
  append(to, {made(1, event_kind::notice, "a")});

  EXPECT_EQ(to.run(), 2);
  EXPECT_THAT(paths({}), ElementsAre("a"));
}

TEST_F(Store, StaysWithinItsBoundsWhileSomebodyReads) {
  constexpr std::uint64_t limit = 1 << 20;
  constexpr std::uint64_t more = 8 << 20;
  auto to = must(writer::open(file.path(), {.max_bytes = limit}));
  append(to, {made(1, event_kind::notice, "first")});
  auto reading = std::make_unique<test::open_reader>(file.path());
  auto size = [&] {
    return std::filesystem::file_size(file.path())
           + std::filesystem::file_size(file.path().string() + "-wal");
  };
  std::string refused;
  std::uint64_t seq = 1;
  auto write_some = [&](int times) {
    for (; times > 0 && refused.empty(); --times) {
      std::vector<event> batch;
      for (int i = 0; i < 50; ++i) {
        batch.push_back(made(++seq, event_kind::notice, "top/worker"));
        batch.back().detail = std::string(500, 'x');
      }
      if (auto done = to.append(batch); !done) {
        EXPECT_EQ(done.error().kind, trouble::in_use);
        refused = done.error().text;
        seq -= 50;
      }
      ASSERT_LE(size(), limit + more);
    }
  };

  write_some(2000);
  EXPECT_THAT(refused, HasSubstr("somebody reads"));
  reading.reset();
  refused.clear();
  write_some(200);

  EXPECT_EQ(refused, "");
  EXPECT_EQ(
    must(must(reader::open(file.path())).find({.limit = 1}))[0].what.seq, seq);
}

TEST_F(Store, KeepsTheLogOfALinkedFileSmall) {
  auto link = file.folder() / "journal.db";
  std::filesystem::create_symlink("state/journal.db", link);
  std::filesystem::create_directory(file.path().parent_path());
  std::ofstream{file.path()}; // empty
  auto to = must(writer::open(link, {}));

  for (std::uint64_t seq = 0; seq < 10'000;) {
    std::vector<event> batch;
    for (int i = 0; i < 50; ++i) {
      batch.push_back(made(++seq, event_kind::notice, "top/worker"));
      batch.back().detail = std::string(500, 'x');
    }
    append(to, std::move(batch));
    ASSERT_LE(std::filesystem::file_size(file.path().string() + "-wal"),
              2U << 20)
      << "after " << seq << " events";
  }
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
