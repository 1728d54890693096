// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace coppice_test::tree_test {

namespace {

struct shape {
  std::string id;
  std::string type;
  std::vector<shape> children;
};

shape worker(std::string id) {
  return {std::move(id), "worker", {}};
}

shape supervisor(std::string id, std::vector<shape> children) {
  return {std::move(id), "supervisor", std::move(children)};
}

shape expected_tree(bool linked) {
  shape accepting = supervisor(
    "accepting",
    {worker("port"),
     supervisor("acceptors", {worker("acceptor:0"), worker("acceptor:1")})});
  shape listener = supervisor("listener:echo", {});
  if (!linked) {
    listener.children.push_back(
      supervisor("connections", {supervisor("connections:0", {}),
                                 supervisor("connections:1", {})}));
  }
  listener.children.push_back(std::move(accepting));
  return supervisor(
    "coppice", {supervisor("helpers", {worker("journal"), worker("admin")}),
                std::move(listener)});
}

void expect_shape(const json& node, const shape& wanted,
                  const std::string& parent) {
  const std::string path
    = parent.empty() ? wanted.id : parent + "/" + wanted.id;
  SCOPED_TRACE(path);
  EXPECT_EQ(node.at("id"), wanted.id);
  EXPECT_EQ(node.at("path"), path);
  EXPECT_EQ(node.at("type"), wanted.type);
  EXPECT_EQ(node.at("state"), "running");
  EXPECT_EQ(node.at("incarnation"), 1);
  EXPECT_EQ(node.at("restarts"), 0);
  const json& children = node.at("children");
  ASSERT_EQ(children.size(), wanted.children.size()) << node.dump(2);
  for (std::size_t at = 0; at < children.size(); ++at)
    expect_shape(children[at], wanted.children[at], path);
}

using words = std::vector<std::string>;

words words_of(const std::string& line) {
  std::istringstream input(line);
  return {std::istream_iterator<std::string>(input), {}};
}

// What the drawing says about `id`: the words behind it, for each line on
// which it stands.
std::vector<words> drawn_about(const std::string& id,
                               const std::string& drawing) {
  std::vector<words> result;
  std::istringstream input(drawing);
  for (std::string line; std::getline(input, line);) {
    const words found = words_of(line);
    const auto at = std::find(found.begin(), found.end(), id);
    if (at != found.end())
      result.emplace_back(at + 1, found.end());
  }
  return result;
}

bool any_node(const json&) {
  return true;
}

class Tree : public topology_test {
protected:
  server_process& two_reactors() {
    return serve_topology({{"--acceptors", "2"}});
  }
  std::string hub(int number) const {
    return linked() ? paths::acceptor(number) : paths::connection_hub(number);
  }
};
INSTANTIATE_TEST_SUITE_P(, Tree, every_topology, topology_name);

TEST_P(Tree, OfAFreshServerHasItsShapeAndRuns) {
  admin_api admin(two_reactors().admin_port());
  expect_shape(admin.tree(), expected_tree(linked()), "");
}

TEST_P(Tree, HasAnAcceptorForEachReactorAskedFor) {
  admin_api admin(serve_topology({{"--acceptors", "3"}}).admin_port());
  const json tree = admin.tree();
  EXPECT_EQ(find_node(tree, paths::acceptors)->at("children").size(), 3U);
  if (linked())
    return;
  EXPECT_EQ(find_node(tree, paths::connections)->at("children").size(), 3U);
}

TEST_P(Tree, IsGivenAsJson) {
  http_client http(two_reactors().admin_port());
  const http_response response = http.get("/tree");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type").rfind("application/json", 0),
            0U);
}

TEST_P(Tree, HubsCountTheirConnections) {
  auto& server = two_reactors();
  admin_api admin(server.admin_port());
  const json before = admin.tree();
  for (int number = 0; number < 2; ++number)
    EXPECT_EQ(find_node(before, hub(number))->at("connections"), 0);
  {
    std::vector<tcp_client> clients;
    for (int count = 1; count <= 3; ++count) {
      clients.push_back(connect_to(server));
      EXPECT_TRUE(echoes(clients.back()));
      EXPECT_TRUE(admin.await_connections(count));
    }
    clients.pop_back();
    EXPECT_TRUE(admin.await_connections(2));
  }
  EXPECT_TRUE(admin.await_connections(0));
}

TEST_P(Tree, ConnectionsAreListedOnlyWhenAskedFor) {
  auto& server = two_reactors();
  admin_api admin(server.admin_port());
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(admin.await_connections(1));
  EXPECT_TRUE(paths_of(admin.tree(), is_connection).empty());
  EXPECT_EQ(paths_of(admin.tree_with_connections(), is_connection).size(), 1U);
}

TEST_P(Tree, ListedConnectionIsBelowItsHubAndNamesItsPeer) {
  auto& server = two_reactors();
  admin_api admin(server.admin_port());
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const auto path = admin.await_connection_of(client.local_port());
  ASSERT_TRUE(path);
  const json tree = admin.tree_with_connections();
  const json* node = find_node(tree, *path);
  EXPECT_EQ(*path, parent_of(*path) + "/" + std::string(node->at("id")));
  EXPECT_EQ(node->at("state"), "running");
  EXPECT_EQ(node->at("peer"),
            "127.0.0.1:" + std::to_string(client.local_port()));
  const json* parent = find_node(tree, parent_of(*path));
  EXPECT_TRUE(parent->at("path") == hub(0) || parent->at("path") == hub(1));
  EXPECT_EQ(parent->at("connections"), 1);
}

TEST_P(Tree, CommandDrawsOneLineANodeWithStateAndRestarts) {
  auto& server = two_reactors();
  const command_result drawn = server.cli({"tree"});
  EXPECT_EQ(drawn.exit_code, 0);
  EXPECT_EQ(drawn.err, "");
  const json tree = admin_api(server.admin_port()).tree();
  for (const auto& path : paths_of(tree, any_node)) {
    const std::string id = find_node(tree, path)->at("id");
    const auto about = drawn_about(id, drawn.out);
    ASSERT_EQ(about.size(), 1U) << id << " in\n" << drawn.out;
    ASSERT_GE(about.front().size(), 2U) << id << " in\n" << drawn.out;
    EXPECT_EQ(about.front()[0], "running") << id;
    EXPECT_EQ(about.front()[1], "0") << id;
  }
}

TEST_P(Tree, CommandDrawsConnectionsOnlyWhenAskedTo) {
  auto& server = two_reactors();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const auto path
    = admin_api(server.admin_port()).await_connection_of(client.local_port());
  ASSERT_TRUE(path);
  const std::string id = path->substr(parent_of(*path).size() + 1);
  EXPECT_TRUE(drawn_about(id, server.cli({"tree"}).out).empty());
  const command_result drawn = server.cli({"tree", "--connections"});
  EXPECT_EQ(drawn.exit_code, 0);
  EXPECT_EQ(drawn_about(id, drawn.out).size(), 1U) << drawn.out;
}

TEST_P(Tree, CommandDrawsTheNumberOfConnections) {
  auto& server = serve_topology(one_reactor());
  std::vector<tcp_client> clients;
  for (int count = 0; count < 7; ++count) {
    clients.push_back(connect_to(server));
    EXPECT_TRUE(echoes(clients.back()));
  }
  EXPECT_TRUE(admin_api(server.admin_port()).await_connections(7));
  const command_result drawn = server.cli({"tree"});
  const auto about
    = drawn_about(linked() ? "acceptor:0" : "connections:0", drawn.out);
  ASSERT_EQ(about.size(), 1U);
  EXPECT_THAT(about.front(), ::testing::ElementsAre("running", "0", "7"))
    << drawn.out;
}

TEST_P(Tree, CommandDrawsRestarts) {
  auto& server = two_reactors();
  admin_api admin(server.admin_port());
  const auto old = admin.lineage_at(paths::acceptor(1));
  ASSERT_TRUE(old);
  EXPECT_EQ(admin.kill(paths::acceptor(1)), 200);
  ASSERT_TRUE(admin.await_restart(paths::acceptor(1), *old));
  EXPECT_EQ(find_node(admin.tree(), paths::acceptor(1))->at("restarts"), 1);
  const std::string drawn = server.cli({"tree"}).out;
  const auto killed = drawn_about("acceptor:1", drawn);
  const auto spared = drawn_about("acceptor:0", drawn);
  ASSERT_EQ(killed.size(), 1U) << drawn;
  ASSERT_EQ(spared.size(), 1U) << drawn;
  EXPECT_EQ(killed.front().at(1), "1") << drawn;
  EXPECT_EQ(spared.front().at(1), "0") << drawn;
}

TEST_P(Tree, CommandGivesTheJsonOfTheAdminPage) {
  auto& server = two_reactors();
  const command_result given = server.cli({"tree", "--json"});
  EXPECT_EQ(given.exit_code, 0);
  EXPECT_EQ(given.err, "");
  expect_shape(json::parse(given.out), expected_tree(linked()), "");
}

TEST_P(Tree, CommandGivesTheJsonOfConnectionsToo) {
  auto& server = two_reactors();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(admin_api(server.admin_port()).await_connections(1));
  const command_result given = server.cli({"tree", "--json", "--connections"});
  EXPECT_EQ(given.exit_code, 0);
  EXPECT_TRUE(connection_of(json::parse(given.out), client.local_port()));
}

} // namespace

} // namespace coppice_test::tree_test
