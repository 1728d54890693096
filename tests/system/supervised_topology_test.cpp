// SPDX-License-Identifier: BSD-3-Clause

#include "background.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

namespace coppice_test::supervised_topology_test {

namespace {

class SupervisedTopology : public server_test {
protected:
  server_process& supervised_server(std::vector<std::string> more = {}) {
    serve_options options{{"--topology", "supervised", "--acceptors", "2"}};
    options.args.insert(options.args.end(), more.begin(), more.end());
    return serve(options);
  }

  std::vector<tcp_client> clients_of(const server_process& server) {
    std::vector<tcp_client> result;
    for (int count = 0; count < 16; ++count) {
      result.push_back(connect_to(server));
      EXPECT_TRUE(echoes(result.back()));
    }
    return result;
  }
};

void crash(admin_api& admin, const std::string& path) {
  const auto before = admin.lineage_at(path);
  ASSERT_TRUE(before);
  ASSERT_EQ(admin.kill(path), 200);
  ASSERT_TRUE(admin.await_restart(path, *before));
}

TEST_F(SupervisedTopology, CrashOfAcceptingPartsKeepsEveryConnection) {
  for (const auto& path : {paths::acceptor(0), paths::acceptor(1),
                           paths::acceptors, paths::port, paths::accepting}) {
    SCOPED_TRACE(path);
    auto& server = supervised_server();
    admin_api admin(server.admin_port());
    auto clients = clients_of(server);
    ASSERT_NO_FATAL_FAILURE(crash(admin, path));
    for (auto& client : clients)
      EXPECT_TRUE(echoes(client));
    EXPECT_TRUE(admin.await_connections(static_cast<int>(clients.size())));
    EXPECT_EQ(admin.incarnation(paths::connections), 1);
  }
}

TEST_F(SupervisedTopology, CrashOfTheConnectionsRestartsAcceptingToo) {
  auto& server = supervised_server();
  admin_api admin(server.admin_port());
  auto clients = clients_of(server);
  const auto accepting = admin.lineage_at(paths::accepting);
  ASSERT_TRUE(accepting);
  ASSERT_NO_FATAL_FAILURE(crash(admin, paths::connections));
  EXPECT_TRUE(admin.await_restart(paths::accepting, *accepting));
  for (auto& client : clients) {
    const ending end = client.receive_rest().end;
    EXPECT_TRUE(end == ending::eof || end == ending::reset);
  }
  EXPECT_TRUE(admin.await_healed());
  EXPECT_TRUE(serves(server));
}

TEST_F(SupervisedTopology, CrashOfAHubEndsItsConnectionsAndNoOthers) {
  auto& server = supervised_server();
  admin_api admin(server.admin_port());
  auto clients = clients_of(server);
  const json tree = admin.tree_with_connections();
  ASSERT_NO_FATAL_FAILURE(crash(admin, paths::connection_hub(0)));
  int ended = 0;
  for (auto& client : clients) {
    const auto path = connection_of(tree, client.local_port());
    ASSERT_TRUE(path);
    const bool own = parent_of(*path) == paths::connection_hub(0);
    EXPECT_TRUE(own ? ends(client) : echoes(client)) << *path;
    ended += own ? 1 : 0;
  }
  EXPECT_EQ(admin.incarnation(paths::connection_hub(1)), 1);
  EXPECT_EQ(admin.incarnation(paths::accepting), 1);
  EXPECT_TRUE(
    admin.await_connections(static_cast<int>(clients.size()) - ended));

  // Both acceptors go on, the one whose hub is new as well.
  auto more = clients_of(server);
  EXPECT_TRUE(admin.await_connections(
    static_cast<int>(clients.size() + more.size()) - ended));
}

TEST_F(SupervisedTopology, AcceptorsThatGiveUpKeepEveryConnection) {
  auto& server = supervised_server({"--max-restarts", "1"});
  admin_api admin(server.admin_port());
  auto clients = clients_of(server);
  const auto before = admin.lineage_at(paths::acceptors);
  ASSERT_TRUE(before);
  ASSERT_NO_FATAL_FAILURE(crash(admin, paths::acceptor(0)));
  ASSERT_EQ(admin.kill(paths::acceptor(0)), 200);
  ASSERT_TRUE(admin.await_restart(paths::acceptors, *before));
  ASSERT_TRUE(admin.await_healed());
  for (auto& client : clients)
    EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(serves(server));
}

TEST_F(SupervisedTopology, CrashOfAConnectionIsItsOwnEndOnly) {
  auto& server = supervised_server({"--max-restarts", "1"});
  admin_api admin(server.admin_port());
  auto clients = clients_of(server);
  for (int round = 0; round < 30; ++round) {
    auto victim = connect_to(server);
    ASSERT_TRUE(echoes(victim));
    const auto path = admin.await_connection_of(victim.local_port());
    ASSERT_TRUE(path);
    ASSERT_EQ(admin.kill(*path, round % 2 == 0 ? "kill" : "boom"), 200);
    const ending end = victim.receive_rest().end;
    EXPECT_TRUE(end == ending::eof || end == ending::reset);
  }
  for (auto& client : clients)
    EXPECT_TRUE(echoes(client));
  for (const auto& spared :
       {paths::connections, paths::connection_hub(0), paths::connection_hub(1),
        paths::acceptors, paths::acceptor(0), paths::acceptor(1)})
    EXPECT_EQ(admin.incarnation(spared), 1) << spared;
}

TEST_F(SupervisedTopology, ThousandAcceptorCrashesLoseNoByte) {
  constexpr int crashes = 1000;
  auto& server
    = supervised_server({"--max-restarts", "1000000", "--max-seconds", "1"});
  admin_api admin(server.admin_port());
  auto quiet = connect_to(server);
  EXPECT_TRUE(echoes(quiet));
  numbered_stream stream(server);
  connecting_crowd crowd(server);
  for (int count = 0; count < crashes; ++count)
    ASSERT_NO_FATAL_FAILURE(crash(admin, paths::acceptor(count % 2)));

  const auto tally = crowd.finish();
  EXPECT_EQ(stream.finish(), "");
  EXPECT_GT(stream.checked(), 0);
  EXPECT_TRUE(echoes(quiet));
  EXPECT_EQ(tally.refused, 0);
  EXPECT_EQ(tally.failed, 0);
  EXPECT_GT(tally.served, 0);
  for (int number : {0, 1})
    EXPECT_EQ(admin.incarnation(paths::acceptor(number)), 1 + crashes / 2);
  EXPECT_EQ(admin.incarnation(paths::acceptors), 1);
}

TEST_F(SupervisedTopology, ClientThatConnectsDuringCrashesIsServed) {
  auto& server
    = supervised_server({"--max-restarts", "1000000", "--max-seconds", "1"});
  admin_api admin(server.admin_port());
  connecting_crowd crowd(server);
  for (int count = 0; count < 200; ++count)
    ASSERT_NO_FATAL_FAILURE(crash(admin, paths::acceptor(count % 2)));
  const auto tally = crowd.finish();
  EXPECT_GT(tally.connected, 0);
  EXPECT_EQ(tally.served, tally.connected);
}

} // namespace

} // namespace coppice_test::supervised_topology_test
