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
using test::must;
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
  auto to = must(writer::open(file.path(), {}));
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
  must(to.append(all));
  auto from = must(reader::open(file.path()));

  auto found = must(why(from, "top/a"));

  EXPECT_THAT(kinds(found), ElementsAre("exit_requested", "child_exited",
                                        "restarting", "child_restarted"));
  EXPECT_EQ(found->down_for, std::chrono::milliseconds{2});
  auto text = tell(*found);
  EXPECT_THAT(text, HasSubstr("top/port is asked to end"));
  EXPECT_THAT(text, HasSubstr("it was away for 2.0 ms"));
  EXPECT_THAT(text, HasSubstr("0 restarts were left of 1 within 5 s"));
}

TEST(Why, ShowsWhatAProgramSaidLast) {
  test::journal_file file;
  auto to = must(writer::open(file.path(), {}));
  auto end = made(1, event_kind::child_exited, "top/web");
  end.reason = "exit 3";
  end.detail = "pid 7 ran 2 ms\nno disk\n\x1b[31mbye";
  must(to.append(std::vector{end}));
  auto from = must(reader::open(file.path()));

  auto text = tell(*must(why(from, "top/web")));

  EXPECT_THAT(text, HasSubstr("exited: exit 3: pid 7 ran 2 ms; its last 2 "
                              "lines were kept\n      | no disk\n"
                              "      | \\u001b[31mbye\n"));
}

TEST(Why, NamesTheOwnBudgetOfAChildThatHasOne) {
  test::journal_file file;
  auto to = must(writer::open(file.path(), {}));
  auto decided = made(2, event_kind::restarting, "top/helper", 1);
  decided.decided
    = {.affected = {"helper"},
       .affected_count = 1,
       .budget_used = 0,
       .intensity = 1,
       .period = std::chrono::seconds{5},
       .own = supervision::own_budget{2, 15, std::chrono::seconds{7}}};
  auto last = decided;
  last.seq = 5;
  last.cause = 4;
  last.decided->own->used = 15;
  last.decided->own->used_up = true;
  std::vector first{made(1, event_kind::child_exited, "top/helper"), decided,
                    made(3, event_kind::child_restarted, "top/helper", 2)};
  std::vector later{made(4, event_kind::child_exited, "top/helper"), last,
                    made(6, event_kind::child_restarted, "top/helper", 5)};
  must(to.append(first));
  auto from = must(reader::open(file.path()));
  auto text = tell(*must(why(from, "top/helper")));
  EXPECT_THAT(text, HasSubstr("13 restarts were left of 15 within 7 s in the "
                              "own budget of top/helper\n"));
  must(to.append(later));
  text = tell(*must(why(from, "top/helper")));
  EXPECT_THAT(text,
              HasSubstr("no restart was left of 15 within 7 s in the own "
                        "budget of top/helper: its restart had to wait\n"));
}

TEST(Why, HasNothingToTellOfWhoeverNeverEnded) {
  test::journal_file file;
  auto to = must(writer::open(file.path(), {}));
  std::vector all{made(1, event_kind::child_started, "top/a"),
                  made(2, event_kind::child_exited, "top/b/top/a")};
  must(to.append(all));

  EXPECT_FALSE(must(why(must(reader::open(file.path())), "top/a")));
  EXPECT_FALSE(must(why(must(reader::open(file.path())), "nobody")));
}

TEST(Reader, KnowsThePathsOfActors) {
  test::journal_file file;
  auto to = must(writer::open(file.path(), {}));
  std::vector all{made(1, event_kind::child_started, "top/x/a"),
                  made(2, event_kind::child_started, "top/y/b"),
                  made(3, event_kind::child_started, "top/x/b"),
                  made(4, event_kind::child_started, "b"),
                  made(5, event_kind::child_exited, "b")};
  must(to.append(all));
  auto from = must(reader::open(file.path()));

  EXPECT_THAT(must(from.paths()),
              ElementsAre("b", "top/x/a", "top/x/b", "top/y/b"));
}

TEST(Why, TellsOfTheLatestOfServersThatShareAFile) {
  test::journal_file file;
  auto first = must(writer::open(file.path(), {}));
  auto second = must(writer::open(file.path(), {}));
  std::vector later{made(5, event_kind::child_exited, "top/a")};
  std::vector earlier{
    made(5, event_kind::child_stopped, "top/a", 0, std::chrono::seconds{60})};
  must(first.append(later));
  must(second.append(earlier));

  EXPECT_THAT(kinds(must(why(must(reader::open(file.path())), "top/a"))),
              ElementsAre("child_exited"));
}

TEST(Why, GoesByNumberAndNotByTheWallClock) {
  test::journal_file file;
  auto to = must(writer::open(file.path(), {}));
  std::vector all{
    made(1, event_kind::child_exited, "top/a"),
    made(2, event_kind::child_restarted, "top/a", 1, std::chrono::hours{1})};
  must(to.append(all));

  EXPECT_THAT(kinds(must(why(must(reader::open(file.path())), "top/a"))),
              ElementsAre("child_exited", "child_restarted"));
}

TEST(Why, PrefersTheLaterRunThoughTheClockWasSetBack) {
  test::journal_file file;
  {
    auto first = must(writer::open(file.path(), {}));
    std::vector all{made(5, event_kind::child_exited, "top/a")};
    must(first.append(all));
  }
  auto second = must(writer::open(file.path(), {}));
  std::vector all{
    made(6, event_kind::child_stopped, "top/a", 0, std::chrono::hours{1})};
  must(second.append(all));

  EXPECT_THAT(kinds(must(why(must(reader::open(file.path())), "top/a"))),
              ElementsAre("child_stopped"));
}

TEST(Why, EndsWhereTheJournalDoes) {
  test::journal_file file;
  auto to = must(writer::open(file.path(), {}));
  std::vector all{made(7, event_kind::child_exited, "top/a", 6),
                  made(9, event_kind::child_restarted, "top/a", 8)};
  must(to.append(all));

  EXPECT_THAT(kinds(must(why(must(reader::open(file.path())), "top/a"))),
              ElementsAre("child_restarted"));
}

} // namespace why_test
