// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <algorithm>

namespace coppice_test::limits_test {

namespace {

const std::string greeting = "room for me?\n";

class Limit : public topology_test {
protected:
  server_process& serve_with_limit(int limit, serve_options options = {}) {
    options.args.insert(options.args.end(),
                        {"--max-connections", std::to_string(limit)});
    return serve_topology(std::move(options));
  }

  // Clients that have said something and may have been answered.
  static std::vector<tcp_client> greeters(const server_process& server,
                                          int count) {
    std::vector<tcp_client> result;
    for (int number = 0; number < count; ++number) {
      result.push_back(connect_to(server));
      result.back().send_all(greeting);
    }
    return result;
  }

  // Connected one after the other, all answered.
  static std::vector<tcp_client> served(const server_process& server,
                                        int count) {
    auto result = greeters(server, count);
    for (auto& client : result)
      EXPECT_EQ(client.receive(greeting.size()), greeting);
    return result;
  }
};
INSTANTIATE_TEST_SUITE_P(, Limit, every_topology, topology_name);

TEST_P(Limit, ClientsUpToItAreServedAndTheNextOneWaits) {
  for (const int limit : {1, 10}) {
    SCOPED_TRACE(limit);
    auto& server = serve_with_limit(limit);
    auto clients = served(server, limit);
    auto next = connect_to(server);
    next.send_all(greeting);
    EXPECT_TRUE(stays_silent(next));
    for (auto& client : clients)
      EXPECT_TRUE(echoes(client));

    clients.pop_back();
    EXPECT_EQ(next.receive(greeting.size()), greeting);
    for (auto& client : clients)
      EXPECT_TRUE(echoes(client));
  }
}

TEST_P(Limit, WaitingClientsAreServedInTheOrderInWhichTheyCame) {
  constexpr std::size_t waiting_clients = 6;
  auto& server = serve_with_limit(1);
  auto first = served(server, 1);
  auto waiting = greeters(server, waiting_clients);
  first.clear();
  for (std::size_t turn = 0; turn < waiting.size(); ++turn) {
    EXPECT_EQ(waiting[turn].receive(greeting.size()), greeting);
    for (std::size_t later = turn + 1; later < waiting.size(); ++later)
      EXPECT_FALSE(waiting[later].has_input()) << later << " before its turn";
    waiting[turn].close();
  }
}

TEST_P(Limit, IsNeverExceeded) {
  constexpr int limit = 10;
  constexpr std::size_t crowd = 200;
  auto& server = serve_with_limit(limit, {{"--acceptors", "4"}});
  admin_api admin(server.admin_port());
  auto waiting = greeters(server, crowd);
  std::size_t served_in_all = 0;
  while (!waiting.empty()) {
    std::vector<tcp_client> now;
    ASSERT_TRUE(eventually([&] {
      for (auto& client : waiting) {
        if (client.has_input())
          now.push_back(std::move(client));
      }
      std::erase_if(waiting,
                    [&](const auto& client) { return !client.open(); });
      return now.size() == std::min<std::size_t>(limit, crowd - served_in_all);
    }))
      << now.size() << " served at a time";
    EXPECT_LE(count_connections(admin.tree()), limit);
    for (auto& client : now)
      EXPECT_EQ(client.receive(greeting.size()), greeting);
    served_in_all += now.size();
  }
  EXPECT_EQ(served_in_all, crowd);
}

TEST_P(Limit, OfZeroLetsNobodyIn) {
  auto& server = serve_with_limit(0);
  auto clients = greeters(server, 3);
  for (auto& client : clients)
    EXPECT_TRUE(stays_silent(client));
}

TEST_P(Limit, OffIsNone) {
  constexpr int many = 300;
  auto& server = serve_topology({{"--max-connections", "off"}});
  const auto clients = served(server, many);
  EXPECT_TRUE(admin_api(server.admin_port()).await_connections(many));
}

TEST_P(Limit, HoldsWhenTheListenerHasBeenRestarted) {
  auto& server = serve_with_limit(1);
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::listener);
  ASSERT_TRUE(before);
  auto lost = served(server, 1);
  ASSERT_EQ(admin.kill(paths::listener), 200);
  ASSERT_TRUE(admin.await_restart(paths::listener, *before));
  ASSERT_TRUE(admin.await_healed());
  EXPECT_TRUE(ends(lost.front()));

  auto clients = served(server, 1);
  auto next = connect_to(server);
  next.send_all(greeting);
  EXPECT_TRUE(stays_silent(next));
  clients.clear();
  EXPECT_EQ(next.receive(greeting.size()), greeting);
}

TEST_P(Limit, GetsBackThePlacesOfConnectionsThatAreKilled) {
  constexpr int limit = 4;
  auto& server = serve_with_limit(limit);
  admin_api admin(server.admin_port());
  for (int round = 0; round < 10; ++round) {
    auto clients = served(server, limit);
    for (auto& client : clients) {
      const auto path = admin.await_connection_of(client.local_port());
      ASSERT_TRUE(path);
      ASSERT_EQ(admin.kill(*path, "boom"), 200);
      EXPECT_TRUE(ends(client));
    }
  }
  const auto clients = served(server, limit);
  auto next = connect_to(server);
  next.send_all(greeting);
  EXPECT_TRUE(stays_silent(next));
}

class Reject : public Limit {
protected:
  server_process& serve_rejecting(int limit) {
    return serve_with_limit(limit, {{"--overflow", "reject"}});
  }
};
INSTANTIATE_TEST_SUITE_P(, Reject, every_topology, topology_name);

TEST_P(Reject, ClosesClientsBeyondTheLimitAfterASecond) {
  constexpr milliseconds nearly_a_second{980};
  auto& server = serve_rejecting(2);
  auto clients = served(server, 2);
  const stopwatch since;
  auto next = connect_to(server);
  const received got = next.receive_rest();
  EXPECT_GE(since.elapsed(), nearly_a_second);
  EXPECT_EQ(got.data, "");
  EXPECT_TRUE(got.end == ending::eof || got.end == ending::reset);
  for (auto& client : clients)
    EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(admin_api(server.admin_port()).await_connections(2));
}

TEST_P(Reject, GivesEachClientItsWholeTime) {
  constexpr milliseconds wait{500};
  auto& server = serve_with_limit(
    1, {{"--overflow", "reject", "--reject-after", "500ms"}});
  auto clients = served(server, 1);
  for (int round = 0; round < 4; ++round) {
    const stopwatch since;
    auto next = connect_to(server);
    EXPECT_TRUE(ends(next));
    EXPECT_GE(since.elapsed(), wait - milliseconds(20)) << round;
  }
}

TEST_P(Reject, ServesTheNextClientIfThereIsRoomInTime) {
  auto& server = serve_rejecting(1);
  auto clients = served(server, 1);
  auto next = connect_to(server);
  next.send_all(greeting);
  clients.clear();
  EXPECT_EQ(next.receive(greeting.size()), greeting);
  // Beyond the second after which it would have been turned away.
  EXPECT_TRUE(stays_silent(next, milliseconds(1'500)));
  EXPECT_TRUE(echoes(next));
}

} // namespace

} // namespace coppice_test::limits_test
