// SPDX-License-Identifier: BSD-3-Clause

#include "observe/connection_log.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace connection_log_test {

using namespace coppice::observe;

namespace {

connection_record record(std::uint64_t id) {
  connection_record result;
  result.connection = id;
  return result;
}

std::vector<std::string> drained(connection_log& log) {
  std::vector<std::string> result;
  log.drain([&](auto path, auto& what) {
    result.push_back(std::string{path} + std::to_string(what.connection));
  });
  return result;
}

std::vector<std::string> read(connection_log& log, std::uint64_t& seq) {
  std::vector<std::string> result;
  seq = log.read_after(seq, [&](auto path, auto& what) {
    result.push_back(std::string{path} + std::to_string(what.connection));
  });
  return result;
}

} // namespace

TEST(ConnectionLog, GivesWhatWasWrittenOnceAndInOrder) {
  connection_log log;
  log.at("a")->push(record(1));
  log.at("b")->push(record(2));
  log.at("a")->push(record(3));

  EXPECT_EQ(drained(log), (std::vector<std::string>{"a1", "a3", "b2"}));
  EXPECT_TRUE(drained(log).empty());
}

TEST(ConnectionLog, CountsWhatNobodyReadInTime) {
  connection_log log;
  auto source = log.at("a");
  std::uint64_t written = 0;
  while (source->push(record(written)))
    ++written;

  source->push(record(0));

  EXPECT_EQ(log.lost(), 2U);
  EXPECT_EQ(drained(log).size(), written);
  EXPECT_TRUE(source->push(record(7)));
  EXPECT_EQ(drained(log), std::vector<std::string>{"a7"});
}

TEST(ConnectionLog, KeepsWhatWasReadForOthers) {
  connection_log log;
  log.at("a")->push(record(1));
  log.at("b")->push(record(2));
  EXPECT_EQ(log.after(0, 10).last_seq, 0U);
  drained(log);

  auto all = log.after(0, 10);
  ASSERT_EQ(all.records.size(), 2U);
  EXPECT_EQ(all.first_seq, 1U);
  EXPECT_EQ(all.records[1].from->path(), "b");
  EXPECT_EQ(all.records[1].what.connection, 2U);
  EXPECT_EQ(all.missed, 0U);
  EXPECT_EQ(log.after(0, 1).records.size(), 1U);
  EXPECT_EQ(log.after(1, 10).first_seq, 2U);
  EXPECT_EQ(log.after(1, 10).records.at(0).what.connection, 2U);
  EXPECT_TRUE(log.after(2, 10).records.empty());
  EXPECT_TRUE(log.after(99, 10).records.empty());
}

TEST(ConnectionLog, CountsWhatIsNotKeptAnyMore) {
  connection_log log;
  for (std::size_t i = 0; i < connection_log::most_kept + 3; ++i) {
    log.at("a")->push(record(i));
    drained(log);
  }

  auto all = log.after(0, 2);

  EXPECT_EQ(all.missed, 3U);
  ASSERT_EQ(all.records.size(), 2U);
  EXPECT_EQ(all.first_seq, 4U);
  EXPECT_EQ(log.after(0, 10'000).records.size(), connection_log::most_kept);
}

TEST(ConnectionLog, GivesEachReaderEverythingWhoeverElseReads) {
  connection_log log;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  log.at("x")->push(record(1));
  EXPECT_EQ(read(log, a), std::vector<std::string>{"x1"});
  log.at("x")->push(record(2));

  EXPECT_EQ(read(log, a), std::vector<std::string>{"x2"});
  EXPECT_EQ(read(log, b), (std::vector<std::string>{"x1", "x2"}));
  EXPECT_TRUE(read(log, a).empty());
  EXPECT_TRUE(read(log, b).empty());
  EXPECT_EQ(log.lost(), 0U);
}

TEST(ConnectionLog, GivesOneReaderAllThatManyReactorsHaveWritten) {
  constexpr std::uint64_t each = connection_log::source::capacity;
  connection_log log;
  for (auto path : {"a", "b", "c", "d", "e", "f"}) // more than is kept
    for (std::uint64_t i = 0; i < each; ++i)
      ASSERT_TRUE(log.at(path)->push(record(i)));
  std::uint64_t seq = 0;

  EXPECT_EQ(read(log, seq).size(), 6 * each);
  EXPECT_EQ(seq, 6 * each);
  EXPECT_EQ(log.lost(), 0U);
}

TEST(ConnectionLog, CountsWhatASlowReaderMissed) {
  connection_log log;
  std::uint64_t quick = 0;
  std::uint64_t slow = 0;
  for (std::size_t i = 0; i < connection_log::most_kept + 3; ++i) {
    log.at("a")->push(record(i));
    read(log, quick);
  }
  EXPECT_EQ(log.lost(), 0U);

  EXPECT_EQ(read(log, slow).size(), connection_log::most_kept);

  EXPECT_EQ(log.lost(), 3U);
  EXPECT_EQ(slow, quick);
}

TEST(ConnectionLog, GivesTwoReadersAtOnceEverythingInOrder) {
  constexpr std::uint64_t count = 20'000;
  connection_log log;
  auto source = log.at("a");
  std::vector<std::uint64_t> got(2);
  std::vector<std::thread> readers;
  std::atomic<std::uint64_t> wrong = 0;
  for (auto& mine : got)
    readers.emplace_back([&] {
      for (std::uint64_t seq = 0; seq < count;) {
        seq = log.read_after(
          seq, [&, last = std::uint64_t{0}](auto, auto& what) mutable {
            wrong += what.connection <= last;
            last = what.connection;
            ++mine;
          });
        std::this_thread::yield();
      }
    });
  std::uint64_t refused = 0; // each counts as lost
  for (std::uint64_t i = 1; i <= count;) {
    if (source->push(record(i))) {
      ++i;
    } else {
      ++refused;
      std::this_thread::yield();
    }
  }
  for (auto& each : readers)
    each.join();

  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(got[0] + got[1] + log.lost() - refused, 2 * count);
}

TEST(ConnectionLog, WakesEachReader) {
  connection_log log;
  int one = 0;
  int two = 0;
  log.on_pending("one", [&] { ++one; });
  log.on_pending("two", [&] { ++two; });

  log.flush();
  log.on_pending("one", {});
  log.flush();

  EXPECT_EQ(one, 2);
  EXPECT_EQ(two, 3);
}

TEST(ConnectionLog, WakesItsReaderWhenItIsFlushed) {
  connection_log log;
  int woken = 0;
  log.on_pending("a reader", [&] { ++woken; });
  log.at("a")->push(record(1));
  EXPECT_EQ(woken, 1); // for what may have been there before

  log.flush();

  EXPECT_EQ(woken, 2);
}

TEST(ConnectionLog, LosesNothingBetweenTwoThreads) {
  constexpr std::uint64_t count = 100'000;
  connection_log log;
  auto source = log.at("a");
  std::thread writer{[&] {
    for (std::uint64_t i = 0; i < count;)
      if (source->push(record(i)))
        ++i;
      else
        std::this_thread::yield();
  }};
  std::uint64_t next = 0;
  while (next < count)
    log.drain([&](auto, auto& what) { EXPECT_EQ(what.connection, next++); });
  writer.join();
}

TEST(ConnectionRecord, TellsPeopleWhatHappened) {
  connection_record what;
  what.peer.family = peer_address::kind::ipv4;
  what.peer.bytes = {127, 0, 0, 1};
  what.peer.port = 5;
  EXPECT_EQ(describe(what), "connected: peer 127.0.0.1:5");

  what.what = connection_record::kind::closed;
  what.lasted = std::chrono::milliseconds{1500};
  what.bytes_in = 3;
  what.set_reason("{shutdown,idle_timeout}");
  EXPECT_EQ(describe(what), "closed: {shutdown,idle_timeout}, peer "
                            "127.0.0.1:5, 1.500 s, 3 bytes in, 0 bytes out");
}

TEST(ConnectionRecord, CutsAReasonThatIsTooLong) {
  connection_record what;
  what.set_reason(std::string(100, 'x'));
  EXPECT_EQ(what.reason_text(), std::string(46, 'x'));
}

} // namespace connection_log_test
