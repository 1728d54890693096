// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <array>
#include <exception>

namespace coppice_test::live_limits_test {

namespace {

const std::string greeting = "room for me?\n";

class LiveLimits : public topology_test {
protected:
  server_process& serve_with(std::vector<std::string> args) {
    return serve_topology({std::move(args)});
  }

  static std::vector<tcp_client> greeters(const server_process& server,
                                          int count) {
    std::vector<tcp_client> result;
    for (int number = 0; number < count; ++number) {
      result.push_back(connect_to(server));
      result.back().send_all(greeting);
    }
    return result;
  }

  static void expect_served(tcp_client& client) {
    EXPECT_EQ(client.receive(greeting.size()), greeting);
  }
};
INSTANTIATE_TEST_SUITE_P(, LiveLimits, every_topology, topology_name);

TEST_P(LiveLimits, RaisedLimitServesThoseWhoWaitInOrder) {
  auto& server = serve_with({"--max-connections", "1"});
  listener_api listener(server);
  auto clients = greeters(server, 4);
  expect_served(clients[0]);
  for (const std::size_t limit : {2, 3}) {
    listener.set_limits({{"max_connections", limit}});
    expect_served(clients[limit - 1]);
    EXPECT_TRUE(stays_silent(clients[limit]));
  }
}

TEST_P(LiveLimits, LoweredLimitEndsNobodyAndAdmitsNobodyUntilThereIsRoom) {
  auto& server = serve_with({"--max-connections", "3"});
  listener_api listener(server);
  auto clients = greeters(server, 3);
  for (auto& client : clients)
    expect_served(client);
  EXPECT_EQ(listener.set_limits({{"max_connections", 1}}).at("active"), 3);
  auto next = greeters(server, 1);
  clients.pop_back();
  clients.pop_back();
  ASSERT_TRUE(listener.await_active(1));
  EXPECT_TRUE(stays_silent(next.front()));
  EXPECT_TRUE(echoes(clients.front()));
  clients.clear();
  expect_served(next.front());
}

TEST_P(LiveLimits, LimitCanBeTakenAwayAndPutBack) {
  constexpr int many = 50;
  auto& server = serve_with({"--max-connections", "1"});
  listener_api listener(server);
  auto clients = greeters(server, many);
  expect_served(clients.front());
  const json without = listener.set_limits({{"max_connections", nullptr}});
  EXPECT_TRUE(without.at("limits").at("max_connections").is_null());
  for (std::size_t number = 1; number < clients.size(); ++number)
    expect_served(clients[number]);
  listener.set_limits({{"max_connections", many}});
  auto next = greeters(server, 1);
  EXPECT_TRUE(stays_silent(next.front()));
}

TEST_P(LiveLimits, PolicyCanBeChangedWhileClientsWait) {
  auto& server = serve_with({"--max-connections", "1"});
  listener_api listener(server);
  auto clients = greeters(server, 2);
  expect_served(clients[0]);
  EXPECT_TRUE(stays_silent(clients[1]));
  listener.set_limits({{"overflow", "reject"}, {"reject_after_ms", 100}});
  EXPECT_TRUE(ends(clients[1]));
  EXPECT_TRUE(echoes(clients[0]));
  EXPECT_TRUE(listener.await_counter("rejected", 1));

  listener.set_limits({{"overflow", "queue"}});
  auto next = greeters(server, 1);
  EXPECT_TRUE(stays_silent(next.front()));
  clients.clear();
  expect_served(next.front());
}

TEST_P(LiveLimits, TimesCountForNewConnectionsOnly) {
  auto& server = serve_with({});
  listener_api listener(server);
  auto old = connect_to(server);
  EXPECT_TRUE(echoes(old));
  listener.set_limits({{"idle_ms", 300}});
  auto young = connect_to(server);
  EXPECT_TRUE(ends(young));
  EXPECT_TRUE(echoes(old));
  listener.set_limits({{"idle_ms", nullptr}});
  auto youngest = connect_to(server);
  EXPECT_TRUE(stays_silent(youngest, milliseconds(900)));
}

TEST_P(LiveLimits, AreKeptWhenPartsOfTheListenerAreKilled) {
  for (const auto& path : {paths::listener, paths::accepting, paths::port,
                           paths::acceptor(0), paths::admin}) {
    SCOPED_TRACE(path);
    auto& server = serve_with({"--max-connections", "9"});
    const json set = listener_api(server)
                       .set_limits({{"max_connections", 1},
                                    {"max_per_address", 5},
                                    {"idle_ms", 60'000}})
                       .at("limits");
    admin_api admin(server.admin_port());
    const auto before = admin.lineage_at(path);
    ASSERT_TRUE(before);
    try {
      admin.kill(path);
    } catch (const std::exception&) {
      ASSERT_EQ(path, paths::admin);
    }
    ASSERT_TRUE(admin.await_restart(path, *before));
    ASSERT_TRUE(admin.await_healed());
    EXPECT_EQ(listener_api(server).status().at("limits"), set);
    auto clients = greeters(server, 2);
    expect_served(clients[0]);
    EXPECT_TRUE(stays_silent(clients[1]));
  }
}

TEST_P(LiveLimits, UnknownOrBadOnesAreRefusedAndNothingIsChanged) {
  auto& server = serve_with({"--max-connections", "3"});
  listener_api listener(server);
  const json before = listener.status().at("limits");
  for (const char* body :
       {R"({"max_connection": 5})", R"({"max_connections": -1})",
        R"({"max_connections": "5"})", R"({"max_connections": 1.5})",
        R"({"overflow": "drop"})", R"({"overflow": null})",
        R"({"idle_ms": -1})", R"({"idle_ms": "1s"})", R"([1])", R"("x")",
        R"({"max_connections": 5, "nonsense": 1})",
        R"({"max_connections": 5, "idle_ms": false})", "", "{"}) {
    EXPECT_EQ(listener.order("limits", body).status, 400) << body;
    EXPECT_EQ(listener.status().at("limits"), before) << body;
  }
}

TEST_P(LiveLimits, EmptyOrderChangesNothing) {
  auto& server = serve_with({"--max-connections", "3"});
  listener_api listener(server);
  const json before = listener.status().at("limits");
  EXPECT_EQ(listener.set_limits(json::object()).at("limits"), before);
}

TEST_P(LiveLimits, CommandSetsThem) {
  auto& server = serve_with({});
  const command_result result = server.cli({"limit",
                                            "echo",
                                            "--max-connections",
                                            "7",
                                            "--max-per-address",
                                            "2",
                                            "--overflow",
                                            "reject",
                                            "--reject-after",
                                            "250ms",
                                            "--idle-timeout",
                                            "3s",
                                            "--first-byte-timeout",
                                            "2s",
                                            "--send-timeout",
                                            "4s",
                                            "--lifetime",
                                            "5m",
                                            "--goodbye-timeout",
                                            "100ms"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json set = listener_api(server).status().at("limits");
  EXPECT_EQ(set.at("max_connections"), 7);
  EXPECT_EQ(set.at("max_per_address"), 2);
  EXPECT_EQ(set.at("overflow"), "reject");
  EXPECT_EQ(set.at("reject_after_ms"), 250);
  EXPECT_EQ(set.at("idle_ms"), 3'000);
  EXPECT_EQ(set.at("first_byte_ms"), 2'000);
  EXPECT_EQ(set.at("send_ms"), 4'000);
  EXPECT_EQ(set.at("lifetime_ms"), 300'000);
  EXPECT_EQ(set.at("goodbye_ms"), 100);
}

TEST_P(LiveLimits, CommandTakesThemAway) {
  auto& server = serve_with({"--max-connections", "7", "--idle-timeout", "9s"});
  const command_result result = server.cli(
    {"limit", "--max-connections", "off", "--idle-timeout", "off"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json left = listener_api(server).status().at("limits");
  EXPECT_TRUE(left.at("max_connections").is_null());
  EXPECT_TRUE(left.at("idle_ms").is_null());
}

} // namespace

} // namespace coppice_test::live_limits_test
