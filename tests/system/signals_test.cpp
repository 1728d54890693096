// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include <chrono>
#include <csignal>
#include <ostream>

namespace coppice_test::signals_test {

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

struct way_to_end {
  const char* topology;
  int signal;
};

void PrintTo(const way_to_end& way, std::ostream* out) {
  *out << way.topology << ", signal " << way.signal;
}

std::string way_name(const ::testing::TestParamInfo<way_to_end>& info) {
  return std::string(info.param.topology)
         + (info.param.signal == SIGTERM ? "_sigterm" : "_sigint");
}

class Signals : public server_test,
                public ::testing::WithParamInterface<way_to_end> {
protected:
  server_process& serve_with_drain(const std::string& timeout) {
    return serve(
      {{"--topology", GetParam().topology, "--drain-timeout", timeout}});
  }
  void tell(server_process& server) {
    server.signal(GetParam().signal);
  }
};

INSTANTIATE_TEST_SUITE_P(, Signals,
                         ::testing::Values(way_to_end{"linked", SIGTERM},
                                           way_to_end{"supervised", SIGTERM},
                                           way_to_end{"linked", SIGINT},
                                           way_to_end{"supervised", SIGINT}),
                         way_name);

// Longer than any test waits: what ends then does not end by the timeout.
constexpr const char* never = "10m";

TEST_P(Signals, WithoutConnectionsItEndsAtOnce) {
  auto& server = serve_with_drain(never);
  EXPECT_TRUE(serves(server));
  tell(server);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Signals, ConnectionGoesOnWhileNewOnesAreRefused) {
  auto& server = serve_with_drain(never);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  tell(server);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  for (int round = 0; round < 10; ++round)
    EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(server.running());
  client.close();
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Signals, StopLineStillEndsADrainingConnection) {
  auto& server = serve_with_drain(never);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  tell(server);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  client.send_all("last\nstop\n");
  const received got = client.receive_rest();
  EXPECT_EQ(got.data, "last\n");
  EXPECT_EQ(got.end, ending::eof);
  client.close();
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Signals, EveryConnectionIsWaitedFor) {
  auto& server = serve_with_drain(never);
  std::vector<tcp_client> clients;
  for (int count = 0; count < 10; ++count) {
    clients.push_back(connect_to(server));
    EXPECT_TRUE(echoes(clients.back()));
  }
  tell(server);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  while (!clients.empty()) {
    EXPECT_TRUE(echoes(clients.back()));
    EXPECT_TRUE(server.running());
    clients.pop_back();
  }
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Signals, PendingOutputIsDeliveredBeforeTheEnd) {
  auto& server = serve_with_drain(never);
  auto client = connect_to(server);
  const std::string data = random_bytes(8 * mebibyte);
  const std::size_t sent = client.send_until_stalled(data);
  tell(server);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  const received got
    = client.exchange(std::string_view(data).substr(sent), true);
  EXPECT_TRUE(same_bytes(got.data, data));
  EXPECT_EQ(got.end, ending::eof);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Signals, DrainTimeoutClosesWhatIsLeft) {
  using clock = std::chrono::steady_clock;
  auto& server = serve_with_drain("500ms");
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const auto told = clock::now();
  tell(server);
  const received got = client.receive_rest();
  // Not before the timeout; how long after is the machine's load.
  EXPECT_GE(clock::now() - told, milliseconds(490));
  EXPECT_EQ(got.data, "");
  EXPECT_TRUE(got.end == ending::eof || got.end == ending::reset);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Signals, SecondSignalEndsItAtOnce) {
  auto& server = serve_with_drain(never);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  tell(server);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  EXPECT_TRUE(echoes(client));
  tell(server);
  EXPECT_EQ(server.wait_exit(), 0);
  const ending end = client.receive_rest().end;
  EXPECT_TRUE(end == ending::eof || end == ending::reset);
}

TEST_P(Signals, OtherSignalCountsAsTheSecond) {
  auto& server = serve_with_drain(never);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  server.signal(SIGTERM);
  server.signal(SIGINT);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Signals, OpenAdminConnectionsDoNotDelayTheEnd) {
  using clock = std::chrono::steady_clock;
  // Less than any of the times for which pages wait for a client to go on,
  // more than an end takes on a busy machine.
  constexpr milliseconds soon{4'000};
  auto& server = serve_with_drain(never);
  http_client kept(server.admin_port());
  EXPECT_EQ(kept.get("/tree").status, 200);
  std::vector<tcp_client> silent;
  for (int count = 0; count < 20; ++count)
    silent.emplace_back("127.0.0.1", server.admin_port());
  silent.back().send_all("POST /kill HTTP/1.1\r\n");
  const auto told = clock::now();
  tell(server);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_LT(clock::now() - told, soon);
}

TEST_P(Signals, PortIsFreeForTheNextServer) {
  auto& server = serve_with_drain(never);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  tell(server);
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  serve_options next;
  next.port = std::to_string(server.port());
  EXPECT_TRUE(serves(serve(next)));
  EXPECT_TRUE(echoes(client));
}

TEST_P(Signals, StandardOutputSaysNothingMoreThanTheStart) {
  auto& server = serve_with_drain(never);
  const std::string announced = server.out();
  EXPECT_TRUE(serves(server));
  tell(server);
  EXPECT_EQ(server.wait_exit(), 0);
  // The announcement may have been read before its last line was written.
  EXPECT_EQ(server.out().rfind(announced, 0), 0U);
  EXPECT_EQ(server.out().find("listening", announced.find("listening") + 1),
            std::string::npos);
}

using DrainTimeout = server_test;

TEST_F(DrainTimeout, IsInSecondsUnlessItSaysOtherwise) {
  using clock = std::chrono::steady_clock;
  for (const char* second : {"1", "1s", "1000ms"}) {
    SCOPED_TRACE(second);
    auto& server = serve({{"--drain-timeout", second}});
    auto client = connect_to(server);
    EXPECT_TRUE(echoes(client));
    const auto told = clock::now();
    server.signal(SIGTERM);
    client.receive_rest();
    EXPECT_GE(clock::now() - told, milliseconds(990));
    EXPECT_EQ(server.wait_exit(), 0);
  }
}

} // namespace

} // namespace coppice_test::signals_test
