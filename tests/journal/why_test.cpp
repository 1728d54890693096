// SPDX-License-Identifier: BSD-3-Clause

#include "journal/why.hpp"

#include "journal_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace why_test {

using namespace coppice;
using namespace coppice::journal;

using observe::event_kind;
using test::made;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::vector<std::string> kinds(const std::optional<story>& what) {
  std::vector<std::string> result;
  if (what)
    for (auto& each : what->chain)
      result.emplace_back(to_string(each.what.kind));
  return result;
}

} // namespace

TEST(Why, FollowsTheCausesFromTheFirstToTheRestart) {
  test::journal_file file;
  writer to{file.path(), {}};
  auto decided = made(4, event_kind::restarting, "top/port", 3);
  decided.decided = {.affected = {"port", "a"},
                     .affected_count = 2,
                     .budget_used = 1,
                     .intensity = 1,
                     .period = std::chrono::seconds{5}};
  std::vector all{
    made(1, event_kind::child_started, "top/a"),
    made(2, event_kind::exit_requested, "top/port"),
    made(3, event_kind::child_exited, "top/port", 2),
    decided,
    made(5, event_kind::child_stopped, "top/a", 4),
    made(6, event_kind::child_restarted, "top/port", 4),
    made(7, event_kind::child_restarted, "top/a", 4),
    made(8, event_kind::notice, "top/a"),
  };
  to.append(all);
  reader from{file.path()};

  auto found = why(from, "top/a");

  EXPECT_THAT(kinds(found), ElementsAre("exit_requested", "child_exited",
                                        "restarting", "child_restarted"));
  EXPECT_EQ(found->down_for, std::chrono::milliseconds{2});
  auto text = tell(*found);
  EXPECT_THAT(text, HasSubstr("top/port is told to end"));
  EXPECT_THAT(text, HasSubstr("it was away for 2.0 ms"));
  EXPECT_THAT(text, HasSubstr("0 restarts were left of 1 within 5 s"));
}

TEST(Why, HasNothingToTellOfWhoeverNeverEnded) {
  test::journal_file file;
  writer to{file.path(), {}};
  std::vector all{made(1, event_kind::child_started, "top/a"),
                  made(2, event_kind::child_exited, "top/b/top/a")};
  to.append(all);

  EXPECT_FALSE(why(reader{file.path()}, "top/a"));
  EXPECT_FALSE(why(reader{file.path()}, "nobody"));
}

TEST(Reader, KnowsThePathsOfActors) {
  test::journal_file file;
  writer to{file.path(), {}};
  std::vector all{made(1, event_kind::child_started, "top/x/a"),
                  made(2, event_kind::child_started, "top/y/b"),
                  made(3, event_kind::child_started, "top/x/b"),
                  made(4, event_kind::child_started, "b"),
                  made(5, event_kind::child_exited, "b")};
  to.append(all);
  reader from{file.path()};

  EXPECT_THAT(from.paths(), ElementsAre("b", "top/x/a", "top/x/b", "top/y/b"));
}

TEST(Why, TellsOfTheLatestOfServersThatShareAFile) {
  test::journal_file file;
  writer first{file.path(), {}};
  writer second{file.path(), {}};
  std::vector later{made(5, event_kind::child_exited, "top/a")};
  std::vector earlier{
    made(5, event_kind::child_stopped, "top/a", 0, std::chrono::seconds{60})};
  first.append(later);
  second.append(earlier);

  EXPECT_THAT(kinds(why(reader{file.path()}, "top/a")),
              ElementsAre("child_exited"));
}

TEST(Why, EndsWhereTheJournalDoes) {
  test::journal_file file;
  writer to{file.path(), {}};
  std::vector all{made(7, event_kind::child_exited, "top/a", 6),
                  made(9, event_kind::child_restarted, "top/a", 8)};
  to.append(all);

  EXPECT_THAT(kinds(why(reader{file.path()}, "top/a")),
              ElementsAre("child_restarted"));
}

} // namespace why_test
