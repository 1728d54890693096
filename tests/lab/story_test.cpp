// SPDX-License-Identifier: BSD-3-Clause

#include "conformance_files.hpp"

#include "lab/engine_world.hpp"
#include "lab/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace story_test {

using namespace coppice::lab;
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

TEST(Explain, PredictsExactlyWhatHappens) {
  for (auto& name : names_in(examples)) {
    auto plan = scenario_in(examples, name);
    auto prediction = explain(plan);

    for (auto& m : play(plan))
      if (m.what["e"] != "sup_exit" && m.what["e"] != "sup_alive") {
        EXPECT_THAT(prediction, HasSubstr(tell(m.what))) << name;
      }
  }
}

} // namespace

} // namespace story_test
