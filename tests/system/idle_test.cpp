// SPDX-License-Identifier: BSD-3-Clause

#include "cpu_share.hpp"
#include "server_fixture.hpp"

namespace coppice_test::idle_test {

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

// A server with nothing to do does nothing, whatever its connections wait
// for.
using Idle = topology_test;
INSTANTIATE_TEST_SUITE_P(, Idle, every_topology, topology_name);

TEST_P(Idle, ServerCostsNearlyNoCpu) {
  auto& server = serve_topology();
  EXPECT_TRUE(serves(server));
  EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
}

TEST_P(Idle, SilentClientsCostNearlyNoCpu) {
  auto& server = serve_topology();
  std::vector<tcp_client> clients;
  for (int count = 0; count < 20; ++count) {
    clients.push_back(connect_to(server));
    EXPECT_TRUE(echoes(clients.back()));
  }
  EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
}

TEST_P(Idle, ClientThatDoesNotReadCostsNearlyNoCpu) {
  auto& server = serve_topology();
  auto client = connect_to(server);
  client.send_until_stalled(random_bytes(32 * mebibyte));
  EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
  EXPECT_TRUE(serves(server));
}

TEST_P(Idle, HalfClosedClientThatDoesNotReadCostsNearlyNoCpu) {
  auto& server = serve_topology();
  auto client = connect_to(server);
  const std::string data = random_bytes(32 * mebibyte);
  const std::size_t sent = client.send_until_stalled(data);
  client.half_close();
  EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
  const received got = client.receive_rest(long_patience);
  EXPECT_TRUE(same_bytes(got.data, std::string_view(data).substr(0, sent)));
  EXPECT_EQ(got.end, ending::eof);
}

TEST_P(Idle, ClientThatStaysAfterStopCostsNearlyNoCpu) {
  auto& server = serve_topology();
  auto client = connect_to(server);
  client.send_all("stop\n");
  EXPECT_EQ(client.receive_rest().end, ending::eof);
  EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
  EXPECT_TRUE(serves(server));
}

} // namespace

} // namespace coppice_test::idle_test
