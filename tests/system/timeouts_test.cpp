#include "server_fixture.hpp"
#include "tree_paths.hpp"

namespace coppice_test {

namespace {

// A limit may come this much before its time: the tick of the server's timers.
constexpr milliseconds tick{20};

class Timeout : public topology_test {
protected:
  server_process& serve_with(std::vector<std::string> args) {
    return serve_topology({std::move(args)});
  }
};

using IdleTimeout = Timeout;
INSTANTIATE_TEST_SUITE_P(, IdleTimeout, every_topology, topology_name);

TEST_P(IdleTimeout, EndsAClientThatSaysNothing) {
  const auto& server = serve_with({"--idle-timeout", "500ms"});
  const stopwatch since;
  auto client = connect_to(server);
  EXPECT_TRUE(ends(client));
  EXPECT_GE(since.elapsed(), milliseconds(500) - tick);
}

TEST_P(IdleTimeout, IsMeasuredFromTheLastByteOfTheClient) {
  const auto& server = serve_with({"--idle-timeout", "500ms"});
  auto client = connect_to(server);
  for (int round = 0; round < 3; ++round)
    EXPECT_TRUE(echoes(client));
  const stopwatch since;
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(ends(client));
  EXPECT_GE(since.elapsed(), milliseconds(500) - tick);
}

// Slow loris: one byte at a time, each in time.
TEST_P(IdleTimeout, BeginsAnewWithEachByte) {
  constexpr milliseconds timeout{2'000};
  constexpr milliseconds between_bytes{500};
  const auto& server = serve_with({"--idle-timeout", "2s"});
  const stopwatch since;
  auto client = connect_to(server);
  while (since.elapsed() < 2 * timeout) {
    ASSERT_EQ(client.echo("x"), "x") << since.elapsed().count();
    ASSERT_TRUE(stays_silent(client, between_bytes));
  }
}

TEST_P(IdleTimeout, IsNotPutOffByWhatTheServerSends) {
  const auto& server
    = serve_with({"--idle-timeout", "700ms", "--protocol", "chargen"});
  const stopwatch since;
  auto client = connect_to(server);
  const received got = client.receive_rest();
  EXPECT_NE(got.end, ending::deadline);
  EXPECT_GT(got.data.size(), 0U);
  EXPECT_GE(since.elapsed(), milliseconds(700) - tick);
}

TEST_P(IdleTimeout, LeavesBusyClientsAlone) {
  constexpr milliseconds longer_than_the_timeout{2'500};
  const auto& server = serve_with({"--idle-timeout", "1s"});
  std::vector<tcp_client> silent;
  for (int count = 0; count < 500; ++count)
    silent.push_back(connect_to(server));
  auto busy = connect_to(server);
  const stopwatch since;
  while (since.elapsed() < longer_than_the_timeout)
    ASSERT_TRUE(echoes(busy));
  for (auto& client : silent)
    ASSERT_TRUE(ends(client));
  EXPECT_TRUE(echoes(busy));
}

TEST_P(IdleTimeout, IsOffUnlessAskedFor) {
  auto client = connect_to(serve_with({}));
  EXPECT_TRUE(stays_silent(client, milliseconds(1'500)));
  EXPECT_TRUE(echoes(client));
}

TEST_P(IdleTimeout, HoldsWhenTheListenerHasBeenRestarted) {
  auto& server = serve_with({"--idle-timeout", "500ms"});
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::listener);
  ASSERT_TRUE(before);
  ASSERT_EQ(admin.kill(paths::listener), 200);
  ASSERT_TRUE(admin.await_restart(paths::listener, *before));
  ASSERT_TRUE(admin.await_healed());
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(ends(client));
}

} // namespace

} // namespace coppice_test
