// SPDX-License-Identifier: BSD-3-Clause

#include "cpu_share.hpp"
#include "crowd.hpp"
#include "process_view.hpp"
#include "server_fixture.hpp"

#include <algorithm>
#include <future>
#include <iostream>

namespace coppice_test::storms_test {

namespace {

// Many clients at once, and what they leave behind: nothing.
class Storm : public topology_test {
protected:
  server_process& serve_storm() {
    serve_options options{{"--acceptors", "2"}};
    options.env = {sanitizer_options("ASAN_OPTIONS", "quarantine_size_mb=4")};
    return serve_topology(options);
  }

  // Until the server has let go of all its connections.
  static void await_quiet(server_process& server, int files) {
    EXPECT_TRUE(admin_api(server.admin_port()).await_connections(0));
    EXPECT_TRUE(
      eventually([&] { return count_open_files(server.pid()) <= files; }))
      << count_open_files(server.pid()) << " files open, were " << files;
  }
};
INSTANTIATE_TEST_SUITE_P(, Storm, every_topology, topology_name);

// The files that a server has open once it has served a while.
int settled_files(server_process& server) {
  admin_api admin(server.admin_port());
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(admin.await_connections(0));
  return count_open_files(server.pid()) + 4; // kept-alive admin connections
}

TEST_P(Storm, FloodOfConnectsIsServedAndDoesNotStarveAnEarlierClient) {
  constexpr int flood = 5'000;
  if (!enough_files(flood + 500))
    GTEST_SKIP() << "the hard limit of open files is too low";
  auto& server = serve_storm();
  auto early = connect_to(server);
  EXPECT_TRUE(echoes(early));
  epoll_crowd crowd(server, flood);
  auto flooding = std::async(std::launch::async, [&] { crowd.connect_all(); });
  std::vector<milliseconds> times;
  while (flooding.wait_for(milliseconds(1)) != std::future_status::ready) {
    const stopwatch since;
    ASSERT_TRUE(echoes(early));
    times.push_back(since.elapsed());
  }
  flooding.get(); // throws unless all were served
  ASSERT_FALSE(times.empty());
  std::sort(times.begin(), times.end());
  // The median: the machine may be busy with other tests for a while.
  EXPECT_LT(times[times.size() / 2], milliseconds(50));
}

TEST_P(Storm, OfClientsThatLeaveAtOnceLeavesNothingBehind) {
  constexpr int storm = 5'000;
  constexpr double little_mebibytes = 16;
  auto& server = serve_storm();
  const int files = settled_files(server);
  double after_first_round = 0;
  for (int round = 0; round < 3; ++round) {
    for (int count = 0; count < storm; ++count)
      connect_to(server).reset();
    ASSERT_NO_FATAL_FAILURE(await_quiet(server, files));
    if (round == 0)
      after_first_round = resident_mebibytes(server.pid());
  }
  EXPECT_LT(resident_mebibytes(server.pid()) - after_first_round,
            little_mebibytes);
  EXPECT_TRUE(serves(server));
}

TEST_P(Storm, OfClientsThatCloseInOrderLeavesNothingBehind) {
  constexpr int storm = 2'000;
  auto& server = serve_storm();
  const int files = settled_files(server);
  for (int count = 0; count < storm; ++count)
    connect_to(server).close();
  await_quiet(server, files);
  EXPECT_TRUE(serves(server));
}

TEST_P(Storm, OfResetsBeforeAndAfterDataIsNoErrorOfTheServer) {
  constexpr int storm = 5'000;
  auto& server = serve_storm();
  admin_api admin(server.admin_port());
  auto staying = connect_to(server);
  EXPECT_TRUE(echoes(staying));
  const json before = admin.tree();
  for (int count = 0; count < storm; ++count) {
    auto client = connect_to(server);
    if (count % 2 == 0)
      client.send_all("never read\n");
    client.reset();
  }
  EXPECT_TRUE(admin.await_connections(1));
  EXPECT_TRUE(echoes(staying));
  EXPECT_EQ(admin.tree().at("restarts"), before.at("restarts"));
  EXPECT_EQ(count_of(" error ", server.err()), 0) << "ordinary for a peer";
  // A busy machine holds up reactors, too.
  EXPECT_EQ(count_of(" warning ", server.err())
              - count_of("was held up", server.err()),
            0)
    << "ordinary for a peer";
}

class MassDisconnect : public topology_test {};
INSTANTIATE_TEST_SUITE_P(, MassDisconnect, every_topology, topology_name);

// What `size` clients cost that all leave at once, in seconds of the server's
// processor time.
double cost_of_leaving(server_process& server, int size) {
  admin_api admin(server.admin_port());
  epoll_crowd crowd(server, size);
  crowd.connect_all();
  EXPECT_TRUE(admin.await_connections(size));
  const double before = cpu_seconds(server.pid());
  crowd.reset_all();
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(admin.await_connections(0));
  return cpu_seconds(server.pid()) - before;
}

TEST_P(MassDisconnect, IsOverSoonAndCostsNoMoreThanItsShare) {
  constexpr int few = 3'000;
  constexpr int many = 9'000;
  // In proportion it would be 3 times as much, in square 9 times.
  constexpr double most = 6;
  constexpr double resolution = 0.05;
  if (!enough_files(many + 500))
    GTEST_SKIP() << "the hard limit of open files is too low";
  auto& server = serve_topology(one_reactor());
  cost_of_leaving(server, few); // warms up
  const double cost_of_few = cost_of_leaving(server, few);
  const double cost_of_many = cost_of_leaving(server, many);
  std::cout << few << ": " << cost_of_few << " s, " << many << ": "
            << cost_of_many << " s\n";
  EXPECT_LT(cost_of_many, most * (cost_of_few + resolution));
  EXPECT_TRUE(serves(server));
}

} // namespace

} // namespace coppice_test::storms_test
