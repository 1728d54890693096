// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/connection_log.hpp"

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

TEST(ConnectionLog, WakesItsReaderWhenItIsFlushed) {
  connection_log log;
  int woken = 0;
  log.on_pending([&] { ++woken; });
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
