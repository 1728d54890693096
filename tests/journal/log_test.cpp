// SPDX-License-Identifier: BSD-3-Clause

#include "journal/journal.hpp"

#include <gmock/gmock.h>

#include <string>

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
  auto open_log = written_by([&] { log.open(0); });

  EXPECT_EQ(closed_log, "");
  EXPECT_THAT(open_log, HasSubstr("coppice/acceptor:0/connection:7 connected"));
}

TEST(Log, WritesWhatIsLaterThanItWasToldOfThoughItCameBeforeItWasOpen) {
  journal::log log;
  log.write(notice(1, "of the start"));
  log.write(notice(2, "of a client"));

  auto text = written_by([&] { log.open(1); });

  EXPECT_THAT(text, Not(HasSubstr("of the start")));
  EXPECT_THAT(text, HasSubstr("of a client"));
}

} // namespace

} // namespace log_test
