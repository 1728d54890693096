// SPDX-License-Identifier: BSD-3-Clause

#include "journal/journal.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

namespace log_test {

using namespace coppice;
using observe::event_kind;
using testing::HasSubstr;
using testing::Not;

namespace {

observe::event notice(std::uint64_t seq, std::string detail) {
  observe::event result;
  result.seq = seq;
  result.kind = event_kind::notice;
  result.path = "coppice/a";
  result.detail = std::move(detail);
  return result;
}

// A thread of the log's own writes.
constexpr std::chrono::seconds patience{20};

// What is on standard error after `fn`.
template <class F>
std::string written_by(F fn) {
  testing::internal::CaptureStderr();
  fn();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesConnectionsThatCameBeforeItWasOpen) {
  journal::log log;
  log.show_connections(true);
  observe::connection_record opened{};
  opened.connection = 7;

  auto closed_log
    = written_by([&] { log.write("coppice/acceptor:0", opened); });
  auto open_log = written_by([&] {
    log.open(0);
    log.flush(patience);
  });

  EXPECT_EQ(closed_log, "");
  EXPECT_THAT(open_log, HasSubstr("coppice/acceptor:0/connection:7 connected"));
}

TEST(Log, WritesWhatIsLaterThanItWasToldOfThoughItCameBeforeItWasOpen) {
  journal::log log;
  log.write(notice(1, "of the start"));
  log.write(notice(2, "of a client"));

  auto text = written_by([&] {
    log.open(1);
    log.flush(patience);
  });

  EXPECT_THAT(text, Not(HasSubstr("of the start")));
  EXPECT_THAT(text, HasSubstr("of a client"));
}

TEST(Log, KeepsTheOrderOfEventsAndConnections) {
  journal::log log;
  log.show_connections(true);
  observe::connection_record opened{};
  opened.connection = 7;
  log.write(notice(1, "before it"));
  log.write("coppice/acceptor:0", opened);
  log.write(notice(2, "after it"));

  auto text = written_by([&] {
    log.open(0);
    log.flush(patience);
  });

  EXPECT_LT(text.find("before it"), text.find("connection:7"));
  EXPECT_LT(text.find("connection:7"), text.find("after it"));
}

// Who opens it is not who writes.
TEST(Log, KeepsTheOrderWhileItIsOpened) {
  constexpr std::uint64_t early = 3000;
  constexpr std::uint64_t late = 200;
  journal::log log;
  for (std::uint64_t seq = 1; seq <= early; ++seq)
    log.write(notice(seq, "number " + std::to_string(seq)));
  std::atomic<bool> opens = false;

  auto text = written_by([&] {
    std::thread writing{[&] {
      opens.wait(false);
      for (auto seq = early + 1; seq <= early + late; ++seq)
        log.write(notice(seq, "number " + std::to_string(seq)));
    }};
    opens = true;
    opens.notify_all();
    log.open(0);
    writing.join();
    log.flush(patience);
  });

  std::istringstream lines{text};
  std::uint64_t expected = 0;
  for (std::string line; std::getline(lines, line);)
    ASSERT_THAT(line, HasSubstr("number " + std::to_string(++expected)));
  EXPECT_EQ(expected, early + late);
}

} // namespace

} // namespace log_test
