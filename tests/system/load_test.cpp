// SPDX-License-Identifier: BSD-3-Clause

#include "crowd.hpp"
#include "server_fixture.hpp"

namespace coppice_test::load_test {

namespace {

constexpr int many = 10'000;
constexpr rlim_t files_needed = many + 500;

using Load = topology_test;
INSTANTIATE_TEST_SUITE_P(, Load, every_topology, topology_name);

TEST_P(Load, TenThousandConcurrentConnectionsEcho) {
  if (!enough_files(files_needed))
    GTEST_SKIP() << "the hard limit of open files is below " << files_needed;
  serve_options options{{"--acceptors", "2"}};
  options.max_open_files = files_needed;
  auto& server = serve_topology(options);
  admin_api admin(server.admin_port());
  {
    epoll_crowd crowd(server, many);
    crowd.connect_all();
    EXPECT_TRUE(admin.await_connections(many));
    crowd.another_round();
    crowd.another_round();
    EXPECT_TRUE(admin.await_connections(many));
  }
  EXPECT_TRUE(admin.await_connections(0));
  EXPECT_TRUE(serves(server));
}

TEST_P(Load, BurstOfConnectionsIsServed) {
  constexpr int burst = 500;
  auto& server = serve_topology({{"--acceptors", "2"}});
  std::vector<tcp_client> clients;
  for (int count = 0; count < burst; ++count) {
    clients.push_back(connect_to(server));
    clients.back().send_all("served?\n");
  }
  for (auto& client : clients)
    EXPECT_EQ(client.receive(8), "served?\n");
}

} // namespace

} // namespace coppice_test::load_test
