// SPDX-License-Identifier: BSD-3-Clause

#include "conformance_files.hpp"

#include "lab/engine_world.hpp"
#include "lab/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace story_test {

using namespace coppice::lab;
using testing::AllOf;
using testing::HasSubstr;

namespace {

const auto examples = std::filesystem::path{COPPICE_EXAMPLES_DIR} / "lab";

std::string story_of(const std::string& name) {
  auto plan = scenario_in(examples, name);
  return story(plan, play(plan));
}

TEST(Story, NamesCauseBudgetAndAffectedChildrenOfARestart) {
  EXPECT_THAT(story_of("02_one_for_all"),
              HasSubstr("top starts again: db, web, mail, because web ended "
                        "with boom (one_for_all: all children go together); "
                        "restart 1 of 5 within 60 s"));
  EXPECT_THAT(story_of("03_rest_for_one"),
              HasSubstr("top starts again: web, mail, because web"));
}

TEST(Story, TellsARetryFromACrash) {
  EXPECT_THAT(story_of("06_retry_loop"),
              HasSubstr("because the last attempt to start a failed"));
}

TEST(Story, SaysHowItEnded) {
  EXPECT_THAT(story_of("01_one_for_one"), HasSubstr("The tree lives."));
  EXPECT_THAT(story_of("05_intensity"), HasSubstr("top gives up"));
}

TEST(Story, KeepsVirtualTime) {
  EXPECT_THAT(story_of("05_intensity"),
              HasSubstr("12000 ms  top sees that a#2 ended"));
}

TEST(Story, HasAnswersInWords) {
  EXPECT_THAT(
    story_of("01_one_for_one"),
    AllOf(HasSubstr("answers start: ok, top#1\n"),
          HasSubstr("answers which_children: mail#1, web#2, db#1\n")));
  EXPECT_THAT(story_of("12_mailbox_order"),
              AllOf(HasSubstr("answers which_children: a is restarting\n"),
                    HasSubstr("answers which_children: a is down\n"),
                    HasSubstr("answers terminate_child: ok\n")));
  EXPECT_THAT(story_of("07_start_failure"),
              HasSubstr("answers start: error: {shutdown,"));
  auto tells = [](const std::string& answer) {
    return tell(
      {{"sup", "top"}, {"e", "reply"}, {"op", "ask"}, {"res", answer}});
  };
  EXPECT_EQ(tells("[]"), "top answers ask: none");
  EXPECT_EQ(tells("{ok,undefined}"), "top answers ask: ok, no child");
  EXPECT_EQ(tells("[{undefined,'x#1'},{undefined,restarting}]"),
            "top answers ask: x#1, undefined is restarting");
  EXPECT_EQ(tells("[{specs,2},{active,1}]"),
            "top answers ask: specs 2, active 1");
  // What has no simpler words.
  for (auto* same : {"ok", "{ok,#{id => w}}", "[{", "[{}]", "{'EXIT',noproc}"})
    EXPECT_EQ(tells(same), std::string{"top answers ask: "} + same);
}

// Marks each tone with a letter.
std::string mark(tone value, const std::string& text) {
  return std::string{"pgdb"}.at(static_cast<std::size_t>(value)) + ("|" + text);
}

TEST(Story, PaintsWhatRunsWhatIsDecidedAndWhatEnds) {
  auto plan = scenario_in(examples, "10_escalation");
  auto painted = story(plan, play(plan), mark);
  for (auto* line :
       {"p|top begins to start supervisor net#1\n", "g|net starts port#1\n",
        "b|net sees that acceptor#1 ended: boom\n",
        "d|net starts again: acceptor, ",
        "b|net gives up: ", "p|net sees port#1 go down"})
    EXPECT_THAT(painted, HasSubstr(std::string{"  0 ms  "} + line));
  EXPECT_THAT(story(scenario_in(examples, "06_retry_loop"),
                    play(scenario_in(examples, "06_retry_loop")), mark),
              HasSubstr("  0 ms  b|top fails to start a#2: error: "));
}

} // namespace

} // namespace story_test
