// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"

#include <csignal>
#include <optional>

namespace coppice_test::suspend_resume_test {

namespace {

class SuspendResume : public topology_test {
protected:
  static bool refuses(const server_process& server) {
    return connect_error(server.host(), server.port()) == ECONNREFUSED;
  }
};
INSTANTIATE_TEST_SUITE_P(, SuspendResume, every_topology, topology_name);

TEST_P(SuspendResume, SuspendedPortRefusesAndConnectionsGoOn) {
  auto& server = serve_topology();
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const json answer = listener.suspend();
  EXPECT_EQ(answer.at("state"), "suspended");
  EXPECT_EQ(answer.at("active"), 1);
  EXPECT_TRUE(refuses(server));
  for (int round = 0; round < 10; ++round)
    EXPECT_TRUE(echoes(client));
  EXPECT_EQ(listener.status().at("state"), "suspended");
}

TEST_P(SuspendResume, ResumedPortServesAndOldConnectionsGoOn) {
  auto& server = serve_topology();
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  for (int round = 0; round < 5; ++round) {
    listener.suspend();
    ASSERT_TRUE(refuses(server));
    EXPECT_EQ(listener.resume().at("state"), "listening");
    EXPECT_EQ(listener.port(), server.port());
    EXPECT_TRUE(serves(server));
    EXPECT_TRUE(echoes(client));
  }
}

TEST_P(SuspendResume, DoingItTwiceChangesNothing) {
  auto& server = serve_topology();
  listener_api listener(server);
  EXPECT_EQ(listener.resume().at("state"), "listening");
  EXPECT_TRUE(serves(server));
  EXPECT_EQ(listener.suspend().at("state"), "suspended");
  EXPECT_EQ(listener.suspend().at("state"), "suspended");
  EXPECT_TRUE(refuses(server));
  EXPECT_EQ(listener.resume().at("state"), "listening");
  EXPECT_EQ(listener.resume().at("state"), "listening");
  EXPECT_TRUE(serves(server));
}

TEST_P(SuspendResume, CommandsDoTheSame) {
  auto& server = serve_topology();
  EXPECT_EQ(server.cli({"suspend"}).exit_code, 0);
  EXPECT_TRUE(refuses(server));
  EXPECT_EQ(server.cli({"resume", "echo"}).exit_code, 0);
  EXPECT_TRUE(serves(server));
  EXPECT_EQ(server.cli({"suspend", "nobody"}).exit_code, 1);
  EXPECT_TRUE(serves(server));
}

TEST_P(SuspendResume,
       PortOfTheKernelsChoiceThatIsTakenMeanwhileBecomesAnother) {
  auto& server = serve_topology();
  listener_api listener(server);
  listener.suspend();
  ASSERT_TRUE(refuses(server));
  const listening_socket taken(server.port());
  EXPECT_EQ(listener.resume().at("state"), "listening");
  EXPECT_NE(listener.port(), server.port());
  tcp_client client(server.host(), listener.port());
  EXPECT_TRUE(echoes(client));
}

TEST_P(SuspendResume, NamedPortThatIsTakenMeanwhileIsAnErrorThatCanBeMended) {
  serve_options options;
  options.port = std::to_string(listening_socket().port());
  auto& server = serve_topology(options);
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  listener.suspend();
  {
    const listening_socket taken(server.port());
    const http_response answer = listener.order("resume");
    EXPECT_EQ(answer.status, 503);
    EXPECT_TRUE(json::parse(answer.body).contains("error")) << answer.body;
    EXPECT_TRUE(echoes(client));
  }
  EXPECT_EQ(listener.resume().at("state"), "listening");
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(echoes(client));
}

TEST_P(SuspendResume, SuspendedServerEndsAsAnyOther) {
  auto& server = serve_topology();
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  listener.suspend();
  server.signal(SIGTERM);
  EXPECT_TRUE(echoes(client));
  client.close();
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(SuspendResume, ClientsThatWaitedForRoomAreRefusedNotHalfServed) {
  auto& server = serve_topology({{"--max-connections", "1"}});
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  auto waiting = connect_to(server);
  waiting.send_all("let me in\n");
  listener.suspend();
  const received got = waiting.receive_rest();
  EXPECT_EQ(got.data, "");
  EXPECT_TRUE(got.end == ending::eof || got.end == ending::reset);
  EXPECT_TRUE(echoes(client));
}

TEST_P(SuspendResume, LimitsAndCountersAreThoseFromBefore) {
  auto& server = serve_topology({{"--max-connections", "2"}});
  listener_api listener(server);
  for (int count = 0; count < 5; ++count)
    EXPECT_TRUE(serves(server));
  ASSERT_TRUE(listener.await_active(0));
  listener.set_limits({{"max_connections", 7}});
  const json before = listener.status();
  listener.suspend();
  const json after = listener.resume();
  EXPECT_EQ(after.at("limits"), before.at("limits"));
  EXPECT_EQ(after.at("counters"), before.at("counters"));
}

TEST_P(SuspendResume, UnknownListenerIsNotFound) {
  auto& server = serve_topology();
  listener_api nobody(server, "nobody");
  for (const char* what : {"suspend", "resume", "limits"})
    EXPECT_EQ(nobody.order(what).status, 404) << what;
  EXPECT_TRUE(serves(server));
}

// More than the backlog takes: the rest waits in the kernel, and nobody is
// connected without being served in the end.
TEST_P(SuspendResume, OverfullBacklogServesEverybodyOnceThereIsRoom) {
  constexpr int backlog = 10;
  constexpr int more = 100;
  auto& server = serve_topology(
    {{"--max-connections", "1", "--backlog", std::to_string(backlog)}});
  listener_api listener(server);
  auto first = std::make_optional(connect_to(server));
  EXPECT_TRUE(echoes(*first));
  std::vector<int> sockets;
  for (int count = 0; count < backlog + more; ++count) {
    sockets.push_back(start_connect(server.host(), server.port()));
    ASSERT_GE(sockets.back(), 0);
  }
  EXPECT_TRUE(echoes(*first));
  listener.set_limits({{"max_connections", nullptr}});
  first.reset();
  for (const int fd : sockets) {
    // Dropped attempts are repeated by the kernel, after a second and longer.
    const int error = finish_connect(fd, deadline(long_patience));
    EXPECT_TRUE(error == 0 || error == ECONNREFUSED || error == ECONNRESET)
      << error;
    if (error != 0)
      continue;
    tcp_client client(fd);
    EXPECT_TRUE(echoes(client));
  }
}

} // namespace

} // namespace coppice_test::suspend_resume_test
