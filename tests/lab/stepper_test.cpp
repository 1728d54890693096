// SPDX-License-Identifier: BSD-3-Clause

#include "lab/examples.hpp"
#include "lab/scenario.hpp"
#include "lab/stepper.hpp"
#include "lab/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace stepper_test {

using namespace coppice::lab;
using coppice::observe::node_state;
using coppice::observe::node_view;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

scenario example_called(const std::string& name) {
  return parse_scenario(find_example(name)->text, name).value();
}

scenario scenario_of(const std::string& text) {
  return parse_scenario(text, "text").value();
}

std::vector<std::string> ids(const std::vector<started_child>& children) {
  std::vector<std::string> result;
  for (auto& each : children)
    result.push_back(each.id);
  return result;
}

// `top(a:1 b:0)`: ids with their incarnations.
std::string shape(const node_view& node) {
  auto result = node.id + ":" + std::to_string(node.incarnation);
  std::string below;
  for (auto& child : node.children)
    below += (below.empty() ? "" : " ") + shape(child);
  return below.empty() ? result : result + "(" + below + ")";
}

TEST(Examples, HaveNamesThatAreFoundWithAndWithoutTheNumber) {
  ASSERT_EQ(examples().size(), 12U);
  for (auto& each : examples()) {
    EXPECT_FALSE(each.about.empty()) << each.name;
    EXPECT_EQ(find_example(each.name), &each);
    EXPECT_EQ(find_example(each.short_name()), &each);
  }
  EXPECT_EQ(find_example("one_for_al"), nullptr);
  EXPECT_EQ(find_example(""), nullptr);
}

TEST(Stepper, TellsTheSameStoryAsAllStepsAtOnce) {
  for (auto& each : examples()) {
    auto plan = example_called(each.name);
    stepper uut{plan};
    auto told = title_of(plan);
    while (!uut.at_end()) {
      told += "\n" + std::to_string(uut.played() + 1) + ". "
              + describe(uut.next()) + "\n";
      uut.forward();
      told += lines_of(uut.world().moments(), uut.played());
    }
    EXPECT_EQ(told + "\n" + uut.ending() + "\n", story(plan, play(plan)));
  }
}

TEST(Stepper, TakesStepsBack) {
  stepper uut{example_called("one_for_all")};
  uut.back();
  EXPECT_EQ(uut.played(), 0U);
  EXPECT_FALSE(uut.tree());
  uut.forward();
  auto before = shape(*uut.tree());
  uut.forward();
  auto after = shape(*uut.tree());
  ASSERT_NE(before, after);

  uut.back();
  EXPECT_EQ(uut.played(), 1U);
  EXPECT_EQ(shape(*uut.tree()), before);
  uut.forward();
  EXPECT_EQ(shape(*uut.tree()), after);
}

TEST(Stepper, KnowsWhatTheStepStartedAgain) {
  stepper uut{example_called("one_for_all")};
  uut.forward();
  EXPECT_THAT(ids(uut.started_again()), IsEmpty());
  uut.forward();
  EXPECT_THAT(ids(uut.started_again()), ElementsAre("db", "web", "mail"));
  EXPECT_EQ(uut.started_again().front().supervisor, "top");
  uut.forward();
  EXPECT_THAT(ids(uut.started_again()), IsEmpty());
}

TEST(Stepper, ShowsTheTreeWithBudgetsAndLastExits) {
  stepper uut{example_called("escalation")};
  uut.forward();
  EXPECT_EQ(shape(*uut.tree()), "top:1(journal:1 net:1(port:1 acceptor:1))");
  uut.forward();
  {
    auto net = uut.tree()->children.at(1);
    EXPECT_EQ(net.path, "top/net");
    EXPECT_EQ(net.supervisor->budget_used, 1U);
    EXPECT_EQ(net.supervisor->intensity, 1);
    EXPECT_EQ(net.children.at(1).path, "top/net/acceptor");
    EXPECT_EQ(net.children.at(1).last_exit, "boom");
    EXPECT_EQ(net.children.at(0).last_exit, "");
  }
  uut.forward(); // net gives up, and top starts it again
  auto root = *uut.tree();
  EXPECT_EQ(shape(root), "top:1(journal:1 net:2(port:2 acceptor:3))");
  EXPECT_EQ(root.supervisor->budget_used, 1U);
  EXPECT_EQ(root.children.at(1).supervisor->budget_used, 0U);
  EXPECT_EQ(root.children.at(1).last_exit, "shutdown");
  EXPECT_EQ(root.children.at(1).restart,
            coppice::supervision::restart::permanent);
}

TEST(Stepper, ShowsWhatIsDownAndWhatWaitsForAStart) {
  stepper uut{scenario_of(R"({"name": "t", "supervisor": {
    "id": "top", "children": [
      {"id": "gone", "restart": "temporary"},
      {"id": "off"},
      {"id": "none", "starts": ["ignore"]},
      {"id": "sub", "children": [{"id": "leaf"}]}]},
    "steps": [{"op": "start"},
      {"op": "exit", "child": "gone", "reason": "boom"},
      {"op": "terminate_child", "child": "off"},
      {"op": "terminate_child", "child": "sub"},
      {"op": "parent_signal", "reason": "shutdown"}]})")};
  for (int i = 0; i < 4; ++i)
    uut.forward();

  auto root = *uut.tree();
  EXPECT_EQ(root.state, node_state::running);
  ASSERT_EQ(root.children.size(), 3U); // a temporary child is forgotten
  EXPECT_EQ(root.children.at(0).id, "off");
  EXPECT_EQ(root.children.at(0).state, node_state::stopped);
  EXPECT_EQ(root.children.at(0).last_exit, "shutdown");
  EXPECT_EQ(root.children.at(1).state, node_state::stopped);
  EXPECT_EQ(root.children.at(2).state, node_state::stopped);
  EXPECT_THAT(root.children.at(2).children, IsEmpty());

  uut.forward();
  EXPECT_FALSE(uut.tree());
  EXPECT_EQ(uut.ending(), "The tree has ended: shutdown");
}

TEST(Stepper, ShowsChildrenOfATemplateByTheirNames) {
  stepper uut{example_called("simple_one_for_one")};
  std::size_t most = 0;
  while (!uut.at_end()) {
    uut.forward();
    if (auto root = uut.tree())
      for (auto& child : root->children) {
        ++most;
        EXPECT_EQ(child.path, root->id + "/" + child.id);
        EXPECT_FALSE(child.id.empty());
      }
  }
  EXPECT_GT(most, 0U);
}

} // namespace

} // namespace stepper_test
