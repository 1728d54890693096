// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_api.hpp"

#include "lab/engine_world.hpp"
#include "lab/examples.hpp"
#include "lab/story.hpp"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace coppice::commands::lab_api_test {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using query_map = std::map<std::string, std::string>;

json answer(const std::string& name, const query_map& query = {}) {
  auto said = laboratory(name, query);
  EXPECT_EQ(said.status, 200) << said.body;
  return json::parse(said.body);
}

std::string refusal(int status, const std::string& name,
                    const query_map& query = {}) {
  auto said = laboratory(name, query);
  EXPECT_EQ(said.status, status) << said.body;
  return json::parse(said.body).value("error", "");
}

TEST(LabApi, ListsTheExamples) {
  const auto all = answer("");
  ASSERT_EQ(all.at("scenarios").size(), lab::examples().size());
  EXPECT_EQ(
    all.at("scenarios")[1],
    (json{{"name", "02_one_for_all"}, {"about", lab::examples()[1].about}}));
}

TEST(LabApi, TellsWhatAStoryTells) {
  for (auto& each : lab::examples()) {
    const auto said = answer(each.name);
    const auto plan = lab::parse_scenario(each.text, each.name).value();
    const auto story = lab::story(plan, lab::play(plan));
    std::string told = lab::title_of(plan);
    int number = 0;
    for (auto& step : said.at("steps")) {
      told += "\n" + std::to_string(++number) + ". "
              + step.at("step").get<std::string>() + "\n";
      for (auto& line : step.at("told"))
        told += "  " + line.at("at_ms").dump() + " ms  "
                + line.at("text").get<std::string>() + "\n";
      if (step.at("told").empty())
        told += "  nothing happens\n";
      EXPECT_FALSE(step.at("rules").empty());
      EXPECT_THAT(step.at("question"), HasSubstr("?"));
    }
    EXPECT_EQ(told + "\n" + said.at("ending").get<std::string>() + "\n", story);
  }
}

TEST(LabApi, HasAChoiceAndItsAnswerWhereAChildEnds) {
  const auto said = answer("escalation");
  const auto& steps = said.at("steps");
  EXPECT_EQ(steps[0].at("choices"), json::array());
  EXPECT_EQ(steps[2].at("choices"),
            (json{"journal", "net", "port", "acceptor"}));
  EXPECT_EQ(steps[2].at("started_again"), (json{"port", "acceptor", "net"}));
  EXPECT_EQ(steps[2].at("to_be_named"), (json{"net"}));
  EXPECT_EQ(steps[2].at("tree").at("children")[1].at("incarnation"), 2);
  EXPECT_EQ(steps[3].at("choices"), json::array());
  // A tree that has ended is none.
  EXPECT_FALSE(answer("intensity").at("steps").back().contains("tree"));
}

TEST(LabApi, PlaysWithAnotherStrategyOrBudget) {
  EXPECT_EQ(answer("one_for_one", {{"strategy", "one_for_all"}})
              .at("steps")[1]
              .at("started_again"),
            (json{"db", "web", "mail"}));
  const auto net
    = answer("escalation", {{"supervisor", "net"}, {"intensity", "2"}});
  EXPECT_EQ(net.at("supervisors")[1], (json{{"id", "net"},
                                            {"strategy", "one_for_one"},
                                            {"intensity", 2},
                                            {"period_seconds", 60}}));
  EXPECT_EQ(net.at("supervisors")[0].at("intensity"), 1);
  EXPECT_EQ(net.at("steps")[2].at("started_again"), (json{"acceptor"}));
}

TEST(LabApi, RefusesWhatMakesNoSense) {
  EXPECT_EQ(refusal(404, "one_for_al"),
            "there is no example \"one_for_al\"; did you mean one_for_all or "
            "one_for_one?");
  EXPECT_THAT(refusal(404, "/etc/passwd"), HasSubstr("there is no example"));
  EXPECT_EQ(refusal(400, "escalation", {{"supervisor", "port"}}),
            "there is no supervisor \"port\" in 10_escalation");
  for (auto* strategy : {"", "one_for_none", "simple_one_for_one"})
    EXPECT_EQ(refusal(400, "escalation", {{"strategy", strategy}}),
              "strategy is one_for_one, one_for_all or rest_for_one");
  for (auto* intensity : {"", "-1", "21", "1x", " 1", "99999999999999999999"})
    EXPECT_EQ(refusal(400, "escalation", {{"intensity", intensity}}),
              "intensity is a number from 0 to 20");
  EXPECT_EQ(refusal(400, "simple_one_for_one", {{"strategy", "one_for_all"}}),
            "children of one template have no other strategy");
}

} // namespace

} // namespace coppice::commands::lab_api_test
