// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"

#include <csignal>
#include <regex>
#include <system_error>
#include <utility>

namespace coppice_test::connection_log_test {

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

class ConnectionLog : public topology_test {
protected:
  server_process& serve_logging(std::vector<std::string> more = {}) {
    more.emplace_back("--log-connections");
    return serve_topology({std::move(more)});
  }

  // What the line about the end of the client's connection says behind
  // "closed: ", once it is there.
  static std::string end_of(const server_process& server, std::uint16_t port) {
    const std::string peer = "peer 127.0.0.1:" + std::to_string(port);
    const std::regex line(" info coppice/listener:[^ ]*/connection:[0-9]+ "
                          "closed: (.*, "
                          + peer + ",.*)");
    std::smatch found;
    std::string err;
    eventually([&] {
      err = server.err();
      return std::regex_search(err, found, line);
    });
    return found.empty() ? "no line in\n" + err : found[1].str();
  }

  static std::string reason_of(const server_process& server,
                               std::uint16_t port) {
    const std::string text = end_of(server, port);
    return text.substr(0, text.find(", peer "));
  }
};
INSTANTIATE_TEST_SUITE_P(, ConnectionLog, every_topology, topology_name);

TEST_P(ConnectionLog, TellsBeginningAndEndOfEachConnection) {
  auto& server = serve_logging();
  auto client = connect_to(server);
  const auto port = client.local_port();
  EXPECT_TRUE(echoes(client, "hello world\n"));
  const std::string peer = "peer 127.0.0.1:" + std::to_string(port);
  const std::regex connected(" info coppice/listener:echo/.*/connection:[0-9]+ "
                             "connected: "
                             + peer + "\n");
  EXPECT_TRUE(
    eventually([&] { return std::regex_search(server.err(), connected); }))
    << server.err();
  client.close();
  const std::regex end("normal, " + peer
                       + ", [0-9]+\\.[0-9]+ s, 12 bytes in, 12 bytes out");
  const std::string told = end_of(server, port);
  EXPECT_TRUE(std::regex_match(told, end)) << told;
}

TEST_P(ConnectionLog, TellsEachOnceHoweverManyThereAre) {
  constexpr int clients = 300;
  auto& server = serve_logging();
  for (int count = 0; count < clients; ++count)
    EXPECT_TRUE(serves(server));
  EXPECT_TRUE(
    eventually([&] { return count_of(" closed: ", server.err()) >= clients; }));
  EXPECT_EQ(count_of(" connected: peer ", server.err()), clients);
  EXPECT_EQ(count_of(" closed: normal, peer ", server.err()), clients);
}

TEST_P(ConnectionLog, IsSilentUnlessAskedFor) {
  auto& server = serve_topology();
  EXPECT_TRUE(serves(server));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_EQ(count_of("connected: ", server.err()), 0);
  EXPECT_EQ(count_of("closed: ", server.err()), 0);
}

TEST_P(ConnectionLog, CallsAStopLineNormal) {
  auto& server = serve_logging();
  auto client = connect_to(server);
  const auto port = client.local_port();
  client.send_all("stop\n");
  EXPECT_EQ(client.receive_rest().end, ending::eof);
  client.close();
  EXPECT_EQ(reason_of(server, port), "normal");
}

TEST_P(ConnectionLog, TellsAResetFromAnOrderlyEnd) {
  auto& server = serve_logging();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const auto port = client.local_port();
  client.reset();
  EXPECT_EQ(reason_of(server, port), "{shutdown,ECONNRESET}");
}

TEST_P(ConnectionLog, TellsAResetWithOutputWaiting) {
  auto& server = serve_logging();
  auto client = connect_to(server);
  client.send_until_stalled(random_bytes(8 * mebibyte));
  client.receive(100 * 1024);
  const auto port = client.local_port();
  client.reset();
  EXPECT_EQ(reason_of(server, port), "{shutdown,ECONNRESET}");
  EXPECT_EQ(count_of(" warning ", server.err()), 0) << "ordinary for a peer";
}

TEST_P(ConnectionLog, NamesTheLimitThatEndedIt) {
  struct limit {
    std::vector<std::string> args;
    std::string data;
    std::string reason;
  };
  const limit limits[] = {
    {{"--idle-timeout", "200ms"}, "x", "{shutdown,idle_timeout}"},
    {{"--first-byte-timeout", "200ms"}, "", "{shutdown,first_byte_timeout}"},
    {{"--lifetime", "200ms"}, "x", "{shutdown,lifetime_timeout}"},
    {{"--protocol", "line"},
     std::string(mebibyte, 'x'),
     "{shutdown,line_too_long}"},
  };
  for (const auto& [args, data, reason] : limits) {
    SCOPED_TRACE(reason);
    auto& server = serve_logging(args);
    auto client = connect_to(server);
    const auto port = client.local_port();
    client.exchange(data);
    EXPECT_EQ(reason_of(server, port), reason);
  }
}

TEST_P(ConnectionLog, NamesTheSendTimeout) {
  auto& server = serve_logging({"--send-timeout", "300ms"});
  auto client = connect_to(server);
  const auto port = client.local_port();
  try {
    client.send_until_stalled(random_bytes(64 * mebibyte));
  } catch (const std::system_error&) {
    // Ended already, on a slow machine.
  }
  EXPECT_EQ(reason_of(server, port), "{shutdown,send_timeout}");
}

TEST_P(ConnectionLog, TellsKilledFromCrashed) {
  auto& server = serve_logging();
  admin_api admin(server.admin_port());
  for (const auto& [order, reason] :
       {std::pair{"kill", "killed"}, std::pair{"boom", "boom"}}) {
    auto client = connect_to(server);
    const auto port = client.local_port();
    const auto path = admin.await_connection_of(port);
    ASSERT_TRUE(path);
    ASSERT_EQ(admin.kill(*path, order), 200);
    EXPECT_TRUE(ends(client));
    EXPECT_EQ(reason_of(server, port), reason);
  }
}

TEST_P(ConnectionLog, CallsTheEndOfADrainShutdown) {
  auto& server = serve_logging({"--drain-timeout", "100ms"});
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const auto port = client.local_port();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_EQ(reason_of(server, port), "shutdown");
}

} // namespace

} // namespace coppice_test::connection_log_test
