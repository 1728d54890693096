// SPDX-License-Identifier: BSD-3-Clause

#include "background.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <map>
#include <stdexcept>

namespace coppice_test::linked_topology_test {

namespace {

using owned_clients = std::map<std::string, std::vector<tcp_client>>;

constexpr std::size_t enough_each = 2;

class LinkedTopology : public server_test {
protected:
  server_process& linked_server(std::vector<std::string> more = {}) {
    serve_options options{{"--topology", "linked", "--acceptors", "2"}};
    options.args.insert(options.args.end(), more.begin(), more.end());
    return serve(options);
  }

  // Clients by the acceptor that took them; each acceptor has some.
  owned_clients clients_of_both(const server_process& server);
};

// Which acceptor takes a connection is the kernel's choice, so clients come
// in bursts until both have taken some.
owned_clients LinkedTopology::clients_of_both(const server_process& server) {
  constexpr int burst = 16;
  constexpr int most_bursts = 60;
  admin_api admin(server.admin_port());
  owned_clients result;
  int connected = 0;
  for (int round = 0; round < most_bursts; ++round) {
    std::vector<tcp_client> clients;
    for (int count = 0; count < burst; ++count)
      clients.push_back(connect_to(server));
    for (auto& client : clients)
      client.send_all("mine?\n");
    for (auto& client : clients)
      client.receive(6);
    connected += burst;
    if (!admin.await_connections(connected))
      throw std::runtime_error("the tree does not count every client");
    const json tree = admin.tree_with_connections();
    for (auto& client : clients) {
      const auto path = connection_of(tree, client.local_port());
      if (!path)
        throw std::runtime_error("a client is not in the tree");
      result[parent_of(*path)].push_back(std::move(client));
    }
    if (result[paths::acceptor(0)].size() >= enough_each
        && result[paths::acceptor(1)].size() >= enough_each)
      return result;
  }
  throw std::runtime_error("one acceptor takes every connection");
}

void expect_closed(tcp_client& client) {
  const received rest = client.receive_rest();
  EXPECT_EQ(rest.data, "");
  EXPECT_TRUE(rest.end == ending::eof || rest.end == ending::reset)
    << to_string(rest.end);
}

TEST_F(LinkedTopology, IsTheDefault) {
  admin_api admin(serve().admin_port());
  EXPECT_EQ(find_node(admin.tree(), paths::connections), nullptr);
}

TEST_F(LinkedTopology, CrashOfAnAcceptorClosesExactlyItsConnections) {
  auto& server = linked_server();
  admin_api admin(server.admin_port());
  auto clients = clients_of_both(server);
  const auto before = admin.lineage_at(paths::acceptor(0));
  ASSERT_TRUE(before);
  EXPECT_EQ(admin.kill(paths::acceptor(0)), 200);

  for (auto& client : clients[paths::acceptor(0)])
    expect_closed(client);
  for (auto& client : clients[paths::acceptor(1)])
    EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  EXPECT_EQ(admin.incarnation(paths::acceptor(0)), 2);
  EXPECT_EQ(admin.incarnation(paths::acceptor(1)), 1);
  EXPECT_TRUE(admin.await_connections(
    static_cast<int>(clients[paths::acceptor(1)].size())));
  EXPECT_TRUE(serves(server));
}

TEST_F(LinkedTopology, CrashWithAReasonClosesExactlyItsConnectionsToo) {
  auto& server = linked_server();
  admin_api admin(server.admin_port());
  auto clients = clients_of_both(server);
  EXPECT_EQ(admin.kill(paths::acceptor(1), "boom"), 200);
  for (auto& client : clients[paths::acceptor(1)])
    expect_closed(client);
  for (auto& client : clients[paths::acceptor(0)])
    EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(serves(server));
}

TEST_F(LinkedTopology, CrashOfAConnectionLeavesAcceptorAndOthers) {
  auto& server = linked_server();
  admin_api admin(server.admin_port());
  auto victim = connect_to(server);
  std::vector<tcp_client> others;
  for (int count = 0; count < 8; ++count)
    others.push_back(connect_to(server));
  for (const char* reason : {"kill", "boom"}) {
    EXPECT_TRUE(echoes(victim));
    const auto path = admin.await_connection_of(victim.local_port());
    ASSERT_TRUE(path);
    EXPECT_EQ(admin.kill(*path, reason), 200);
    expect_closed(victim);
    victim = connect_to(server);
  }
  for (auto& client : others)
    EXPECT_TRUE(echoes(client));
  for (int number : {0, 1}) {
    const json tree = admin.tree();
    const json* acceptor = find_node(tree, paths::acceptor(number));
    ASSERT_NE(acceptor, nullptr);
    EXPECT_EQ(acceptor->at("incarnation"), 1);
    EXPECT_EQ(acceptor->at("restarts"), 0);
  }
}

TEST_F(LinkedTopology, ManyCrashesOfConnectionsCostNoRestart) {
  auto& server = linked_server({"--max-restarts", "1"});
  admin_api admin(server.admin_port());
  for (int round = 0; round < 30; ++round) {
    auto victim = connect_to(server);
    ASSERT_TRUE(echoes(victim));
    const auto path = admin.await_connection_of(victim.local_port());
    ASSERT_TRUE(path);
    ASSERT_EQ(admin.kill(*path), 200);
    expect_closed(victim);
  }
  for (const auto& spared : {paths::listener, paths::accepting,
                             paths::acceptors, paths::acceptor(0)})
    EXPECT_EQ(admin.incarnation(spared), 1) << spared;
}

TEST_F(LinkedTopology, ClientIsNeverRefusedWhileAcceptorsCrash) {
  constexpr int crashes = 200;
  auto& server
    = linked_server({"--max-restarts", "1000000", "--max-seconds", "1"});
  admin_api admin(server.admin_port());
  connecting_crowd crowd(server);
  for (int crash = 0; crash < crashes; ++crash) {
    const std::string path = paths::acceptor(crash % 2);
    const auto before = admin.lineage_at(path);
    ASSERT_TRUE(before);
    ASSERT_EQ(admin.kill(path), 200);
    ASSERT_TRUE(admin.await_restart(path, *before));
  }
  const auto tally = crowd.finish();
  EXPECT_EQ(tally.refused, 0);
  EXPECT_EQ(tally.failed, 0);
  EXPECT_GT(tally.served, 0);
  EXPECT_EQ(admin.incarnation(paths::acceptor(0)), 1 + crashes / 2);
  EXPECT_EQ(admin.incarnation(paths::acceptors), 1);
  EXPECT_TRUE(serves(server));
}

} // namespace

} // namespace coppice_test::linked_topology_test
