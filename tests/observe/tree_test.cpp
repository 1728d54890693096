// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/tree.hpp"

#include "supervision/restart_window.hpp"

#include <gtest/gtest.h>

namespace tree_test {

using namespace coppice::observe;
using namespace coppice::supervision;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{};

class Tree : public testing::Test {
protected:
  void SetUp() override {
    uut.add("", "root", child_type::supervisor, {}, 1);
    uut.add("root", "a", child_type::worker, restart::permanent, 2);
    uut.add("root", "b", child_type::supervisor, restart::transient, 2);
    uut.add("root/b", "c", child_type::worker, restart::temporary, 3);
  }

  node_view look() {
    return *uut.look(start);
  }

  tree uut;
};

} // namespace

TEST(EmptyTree, HasNothingToShow) {
  tree uut;

  EXPECT_FALSE(uut.look(start));
}

TEST_F(Tree, IsAnotherOneOnceThatIsRemoved) {
  uut.add("", "later", child_type::supervisor, {}, 1);
  EXPECT_EQ(look().path, "later");

  uut.remove("later", 1);

  EXPECT_EQ(look().path, "root");
  uut.remove("root", 1);
  EXPECT_FALSE(uut.look(start));
}

TEST_F(Tree, ShowsChildrenInStartOrderWithTheirPaths) {
  auto root = look();

  ASSERT_EQ(root.children.size(), 2U);
  EXPECT_EQ(root.path, "root");
  EXPECT_EQ(root.children[0].path, "root/a");
  EXPECT_EQ(root.children[1].path, "root/b");
  EXPECT_EQ(root.children[1].children.at(0).path, "root/b/c");
  EXPECT_EQ(root.children[1].children.at(0).restart, restart::temporary);
}

TEST_F(Tree, CountsEveryStartAsAnIncarnation) {
  uut.set_state("root/a", node_state::running, 2);
  uut.set_state("root/a", node_state::stopped, 2);
  auto incarnation = uut.set_state("root/a", node_state::running, 2);

  EXPECT_EQ(incarnation, 2U);
  EXPECT_EQ(look().children[0].incarnation, 2U);
}

TEST_F(Tree, KeepsTheIncarnationWhenTheSupervisorRestarts) {
  uut.set_state("root/b/c", node_state::running, 3);
  uut.add("root/b", "c", child_type::worker, restart::temporary, 9);

  EXPECT_EQ(uut.set_state("root/b/c", node_state::running, 9), 2U);
}

TEST_F(Tree, StopsEverythingBelowAStoppedNode) {
  uut.set_state("root/b", node_state::running, 2);
  uut.set_state("root/b/c", node_state::running, 3);

  uut.set_state("root/b", node_state::stopped, 2);

  EXPECT_EQ(look().children[1].children[0].state, node_state::stopped);
}

TEST_F(Tree, IgnoresWhatTheFormerSupervisorSays) {
  uut.add("root/b", "c", child_type::worker, restart::temporary, 9);
  uut.set_state("root/b/c", node_state::running, 9);

  uut.set_state("root/b/c", node_state::stopped, 3);
  uut.set_last_exit("root/b/c", "late", 3);
  uut.remove("root/b/c", 3);

  auto c = look().children[1].children.at(0);
  EXPECT_EQ(c.state, node_state::running);
  EXPECT_EQ(c.last_exit, "");
}

TEST_F(Tree, RemovesANodeWithAllThatIsBelow) {
  uut.remove("root/b", 2);

  EXPECT_EQ(look().children.size(), 1U);
  EXPECT_EQ(uut.set_state("root/b/c", node_state::running, 3), 0U);
}

TEST_F(Tree, ShowsTheBudgetAsItIsAtTheTimeOfTheLook) {
  restart_window window{3, 5s};
  window.record(start + 1s);
  window.record(start + 4s);
  uut.set_supervisor("root/b", strategy::rest_for_one, window, 3);

  EXPECT_EQ(uut.look(start + 4s)->children[1].supervisor->budget_used, 2U);
  EXPECT_EQ(uut.look(start + 7s)->children[1].supervisor->budget_used, 1U);
  EXPECT_EQ(uut.look(start + 10s)->children[1].supervisor->budget_used, 0U);
}

TEST_F(Tree, SharesOneConnectionGaugeOverRestarts) {
  auto before = uut.connections("root/a");
  auto after = uut.connections("root/a");
  *before = 7;

  EXPECT_EQ(before, after);
  EXPECT_EQ(look().children[0].connections, 7);
}

} // namespace tree_test
