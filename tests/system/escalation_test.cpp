// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "tree_paths.hpp"

#include <algorithm>
#include <exception>

namespace coppice_test::escalation_test {

namespace {

constexpr int tree_gave_up = 4;
constexpr int most_kills = 2000;

class Escalation : public topology_test {
protected:
  server_process& serve_with_budget(int max_restarts) {
    // A period that no test outlasts: the budget alone decides.
    return serve_topology(
      {{"--acceptors", "1", "--max-restarts", std::to_string(max_restarts),
        "--max-seconds", "600"}});
  }
};
INSTANTIATE_TEST_SUITE_P(, Escalation, every_topology, topology_name);

// Kills and waits until all runs again; false when the server is gone for good.
bool kill_once(server_process& server, admin_api& admin,
               const std::string& path) {
  const auto before = admin.try_lineage_at(path);
  try {
    EXPECT_EQ(admin.kill(path), 200);
  } catch (const std::exception&) {
    // The answer may be lost with the tree.
  }
  const bool settled = eventually([&] {
    if (!server.running())
      return true;
    const auto now = admin.try_lineage_at(path);
    return now && now != before && admin.healed();
  });
  EXPECT_TRUE(settled) << path << " does not come back";
  return settled && server.running();
}

void expect_gave_up(server_process& server) {
  EXPECT_EQ(server.wait_exit(), tree_gave_up);
  EXPECT_EQ(connect_error(server.host(), server.port()), ECONNREFUSED);
  EXPECT_EQ(connect_error("127.0.0.1", server.admin_port()), ECONNREFUSED);
}

// Kills `child` until `parent` gives up and is restarted: the parent's parent
// must not notice.
void exhaust(server_process& server, admin_api& admin,
             const std::string& child) {
  const std::string parent = parent_of(child);
  const std::string grandparent = parent_of(parent);
  const auto parent_before = admin.lineage_at(parent);
  const auto grandparent_before = admin.lineage_at(grandparent);
  ASSERT_TRUE(parent_before && grandparent_before);
  for (int kills = 0; kills < most_kills; ++kills) {
    ASSERT_TRUE(kill_once(server, admin, child));
    const auto parent_now = admin.lineage_at(parent);
    const auto grandparent_now = admin.lineage_at(grandparent);
    ASSERT_TRUE(parent_now && grandparent_now);
    ASSERT_EQ(*grandparent_now, *grandparent_before);
    if (*parent_now != *parent_before) {
      EXPECT_EQ(parent_now->back(), parent_before->back() + 1);
      return;
    }
  }
  FAIL() << parent << " never gives up";
}

TEST_P(Escalation, BudgetThatIsNotExceededRestartsTheAcceptorOnly) {
  constexpr int budget = 3;
  auto& server = serve_with_budget(budget);
  admin_api admin(server.admin_port());
  for (int kills = 0; kills < budget; ++kills)
    ASSERT_TRUE(kill_once(server, admin, paths::acceptor(0)));
  EXPECT_EQ(admin.incarnation(paths::acceptor(0)), 1 + budget);
  EXPECT_EQ(admin.incarnation(paths::acceptors), 1);
  EXPECT_TRUE(serves(server));
}

TEST_P(Escalation, KillBeyondTheBudgetRestartsAcceptorsAndNothingAbove) {
  for (const int budget : {0, 1, 3}) {
    SCOPED_TRACE(budget);
    auto& server = serve_with_budget(budget);
    admin_api admin(server.admin_port());
    for (int kills = 0; kills <= budget; ++kills) {
      EXPECT_EQ(admin.incarnation(paths::acceptors), 1);
      ASSERT_TRUE(kill_once(server, admin, paths::acceptor(0)));
    }
    EXPECT_EQ(admin.incarnation(paths::acceptors), 2);
    for (const auto& spared : {paths::port, paths::accepting, paths::listener,
                               paths::journal, paths::admin, paths::root})
      EXPECT_EQ(admin.incarnation(spared), 1) << spared;
    EXPECT_TRUE(serves(server));
  }
}

TEST_P(Escalation, RestartedSupervisorHasItsWholeBudgetAgain) {
  constexpr int budget = 1;
  auto& server = serve_with_budget(budget);
  admin_api admin(server.admin_port());
  for (int kills = 0; kills <= budget; ++kills)
    ASSERT_TRUE(kill_once(server, admin, paths::acceptor(0)));
  ASSERT_EQ(admin.incarnation(paths::acceptors), 2);
  ASSERT_TRUE(kill_once(server, admin, paths::acceptor(0)));
  EXPECT_EQ(admin.incarnation(paths::acceptors), 2);
}

TEST_P(Escalation, EachLevelGivesUpToTheOneAboveIt) {
  auto& server = serve_with_budget(0);
  admin_api admin(server.admin_port());
  for (const auto& child :
       {paths::acceptor(0), paths::acceptors, paths::accepting}) {
    SCOPED_TRACE(child);
    ASSERT_NO_FATAL_FAILURE(exhaust(server, admin, child));
    EXPECT_TRUE(serves(server));
  }
}

TEST_P(Escalation, RootThatGivesUpEndsTheProcess) {
  auto& server = serve_with_budget(0);
  admin_api admin(server.admin_port());
  for (int kills = 0; kills < most_kills; ++kills) {
    if (!kill_once(server, admin, paths::listener))
      break;
  }
  expect_gave_up(server);
}

// The levels whose incarnation has changed, counted from the acceptors up.
std::size_t levels_restarted(const lineage& before, const lineage& now) {
  for (std::size_t at = 0; at < before.size(); ++at) {
    if (now[at] != before[at])
      return before.size() - at;
  }
  return 0;
}

TEST_P(Escalation, CrashesOfOneAcceptorClimbOneLevelATimeUpToTheExit) {
  auto& server = serve_with_budget(0);
  admin_api admin(server.admin_port());
  std::size_t highest = 1; // the acceptor's own restart
  for (int kills = 0; kills < most_kills; ++kills) {
    const auto before = admin.lineage_at(paths::acceptor(0));
    ASSERT_TRUE(before);
    if (!kill_once(server, admin, paths::acceptor(0)))
      break;
    const auto now = admin.lineage_at(paths::acceptor(0));
    ASSERT_TRUE(now);
    const std::size_t climbed = levels_restarted(*before, *now);
    EXPECT_LE(climbed, highest + 1);
    highest = std::max(highest, climbed);
  }
  constexpr std::size_t up_to_the_listener = 4;
  EXPECT_EQ(highest, up_to_the_listener);
  expect_gave_up(server);
}

TEST_P(Escalation, KillOfTheRootEndsTheProcess) {
  auto& server = serve_topology();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const command_result result = server.cli({"kill", paths::root});
  EXPECT_TRUE(result.exit_code == 0 || result.exit_code == 3)
    << result.exit_code << ": the answer may be lost with the server";
  expect_gave_up(server);
  const ending end = client.receive_rest().end;
  EXPECT_TRUE(end == ending::eof || end == ending::reset);
}

} // namespace

} // namespace coppice_test::escalation_test
