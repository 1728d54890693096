// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"

#include <csignal>
#include <future>

namespace coppice_test::drain_test {

namespace {

constexpr milliseconds tick{20};
constexpr int ten_minutes = 600'000;
constexpr std::size_t mebibyte = 1024 * 1024;

using Drain = topology_test;
INSTANTIATE_TEST_SUITE_P(, Drain, every_topology, topology_name);

TEST_P(Drain, ClosesThePortAndLetsConnectionsFinish) {
  auto& server = serve_topology();
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const http_response answer = listener.drain({{"timeout_ms", ten_minutes}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body).at("active"), 1);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  EXPECT_EQ(listener.status().at("state"), "draining");
  for (int round = 0; round < 10; ++round)
    EXPECT_TRUE(echoes(client));
  client.close();
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Drain, WithoutConnectionsEndsAtOnce) {
  auto& server = serve_topology();
  EXPECT_EQ(listener_api(server).drain({{"timeout_ms", ten_minutes}}).status,
            200);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Drain, EndsWhatIsLeftAtItsTimeout) {
  constexpr milliseconds timeout{500};
  auto& server = serve_topology();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const stopwatch since;
  listener_api(server).drain({{"timeout_ms", timeout.count()}});
  EXPECT_TRUE(ends(client));
  EXPECT_GE(since.elapsed(), timeout - tick);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Drain, HasTheTimeoutOfTheCommandLineUnlessItSaysOtherwise) {
  constexpr milliseconds timeout{700};
  auto& server = serve_topology({{"--drain-timeout", "700ms"}});
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const stopwatch since;
  EXPECT_EQ(listener_api(server).drain().status, 200);
  EXPECT_TRUE(ends(client));
  EXPECT_GE(since.elapsed(), timeout - tick);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Drain, SecondOrderChangesNothing) {
  constexpr milliseconds timeout{1'500};
  auto& server = serve_topology();
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const stopwatch since;
  listener.drain({{"timeout_ms", timeout.count()}});
  for (const int other : {1, ten_minutes}) {
    const http_response again = listener.drain({{"timeout_ms", other}});
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(json::parse(again.body).at("active"), 1);
  }
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(ends(client));
  EXPECT_GE(since.elapsed(), timeout - tick);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Drain, WorksAfterSuspendAndResume) {
  auto& server = serve_topology();
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  listener.suspend();
  listener.resume();
  auto another = connect_to(server);
  EXPECT_TRUE(echoes(another));
  const http_response answer = listener.drain({{"timeout_ms", ten_minutes}});
  EXPECT_EQ(json::parse(answer.body).at("active"), 2);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(echoes(another));
  client.close();
  EXPECT_TRUE(echoes(another));
  another.close();
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Drain, BadOrdersAreRefusedAndChangeNothing) {
  auto& server = serve_topology();
  listener_api listener(server);
  for (const json& body :
       {json{{"timeout_ms", -1}}, json{{"timeout_ms", "8s"}}, json::array({1})})
    EXPECT_EQ(listener.drain(body).status, 400) << body;
  EXPECT_EQ(listener.status().at("state"), "listening");
  EXPECT_TRUE(serves(server));
}

TEST_P(Drain, CommandThatWaitsReturnsWhenTheServerHasGone) {
  auto& server = serve_topology();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  auto command = std::async(std::launch::async, [&] {
    return server.cli({"drain", "--timeout", "10m", "--wait"});
  });
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  EXPECT_TRUE(echoes(client));
  EXPECT_NE(command.wait_for(milliseconds(300)), std::future_status::ready);
  client.close();
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_EQ(command.get().exit_code, 0);
}

TEST_P(Drain, CommandThatDoesNotWaitReturnsAtOnce) {
  auto& server = serve_topology();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  EXPECT_EQ(server.cli({"drain", "--timeout", "10m"}).exit_code, 0);
  EXPECT_TRUE(echoes(client));
  client.close();
  EXPECT_EQ(server.wait_exit(), 0);
}

// What waits for a peer that does not read when the drain is over.
class Goodbye : public topology_test {
protected:
  server_process& serve_goodbye(const std::string& timeout) {
    return serve_topology(
      {{"--goodbye-timeout", timeout, "--drain-timeout", "100ms"}});
  }

  // Has output waiting that it does not read; returns how much it has sent.
  static std::size_t stall(tcp_client& client) {
    return client.send_until_stalled(random_bytes(32 * mebibyte));
  }
};
INSTANTIATE_TEST_SUITE_P(, Goodbye, every_topology, topology_name);

TEST_P(Goodbye, IsAwaitedForAsLongAsItsTimeout) {
  auto& server = serve_goodbye("1500ms");
  auto client = connect_to(server);
  stall(client);
  const stopwatch since;
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_GE(since.elapsed(), milliseconds(1'600) - 2 * tick);
}

TEST_P(Goodbye, OfZeroIsNotAwaited) {
  auto& server = serve_goodbye("0");
  auto client = connect_to(server);
  const std::size_t sent = stall(client);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_LT(client.receive_rest().data.size(), sent);
}

TEST_P(Goodbye, ThatIsOffIsAwaitedUntilThePeerHasReadWhatWasTaken) {
  auto& server = serve_goodbye("off");
  auto client = connect_to(server);
  const std::size_t sent = stall(client);
  server.signal(SIGTERM);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  // Longer than the drain and the usual second.
  EXPECT_FALSE(server.wait_exit(milliseconds(1'500)));
  const received got = client.receive_rest();
  EXPECT_GT(got.data.size(), 0U);
  EXPECT_LE(got.data.size(), sent);
  EXPECT_EQ(server.wait_exit(), 0);
}

} // namespace

} // namespace coppice_test::drain_test
