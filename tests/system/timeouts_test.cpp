// SPDX-License-Identifier: BSD-3-Clause

#include "process_view.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <system_error>

namespace coppice_test::timeouts_test {

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

using FirstByteTimeout = Timeout;
INSTANTIATE_TEST_SUITE_P(, FirstByteTimeout, every_topology, topology_name);

TEST_P(FirstByteTimeout, EndsHundredsOfSilentClientsAndSparesTheOthers) {
  constexpr int silent_clients = 500;
  constexpr milliseconds timeout{1'000};
  const auto& server = serve_with({"--first-byte-timeout", "1s"});
  auto busy = connect_to(server);
  EXPECT_TRUE(echoes(busy));
  const stopwatch since;
  std::vector<tcp_client> silent;
  for (int count = 0; count < silent_clients; ++count)
    silent.push_back(connect_to(server));
  EXPECT_TRUE(ends(silent.front()));
  EXPECT_GE(since.elapsed(), timeout - tick);
  for (auto& client : silent)
    ASSERT_TRUE(ends(client));
  EXPECT_TRUE(echoes(busy));
}

TEST_P(FirstByteTimeout, IsOverWithTheFirstByte) {
  const auto& server = serve_with({"--first-byte-timeout", "400ms"});
  auto client = connect_to(server);
  EXPECT_EQ(client.echo("x"), "x");
  EXPECT_TRUE(stays_silent(client, milliseconds(1'200)));
  EXPECT_TRUE(echoes(client));
}

using SendTimeout = Timeout;
INSTANTIATE_TEST_SUITE_P(, SendTimeout, every_topology, topology_name);

TEST_P(SendTimeout, EndsAClientThatTakesNothingOfWhatWaits) {
  constexpr milliseconds timeout{500};
  constexpr std::size_t more_than_the_kernel_takes = 64 * 1024 * 1024;
  auto& server = serve_with({"--send-timeout", "500ms"});
  admin_api admin(server.admin_port());
  const stopwatch since;
  auto client = connect_to(server);
  try {
    client.send_until_stalled(random_bytes(more_than_the_kernel_takes));
  } catch (const std::system_error&) {
    // Ended already, on a slow machine.
  }
  EXPECT_TRUE(admin.await_connections(0));
  EXPECT_GE(since.elapsed(), timeout - tick);
  EXPECT_TRUE(serves(server));
}

TEST_P(SendTimeout, SparesAClientThatReadsSlowlyOrHasNothingToRead) {
  constexpr milliseconds timeout{2'000};
  constexpr milliseconds between_reads{100};
  constexpr int small_buffer = 32 * 1024;
  auto& server = serve_with({"--send-timeout", "2s"});
  auto quiet = connect_to(server);
  EXPECT_TRUE(echoes(quiet));
  tcp_client slow(server.host(), server.port(), {small_buffer});
  const std::size_t sent
    = slow.send_until_stalled(random_bytes(32 * 1024 * 1024));
  std::size_t got = 0;
  for (const stopwatch since; since.elapsed() < 2 * timeout;) {
    got += slow.receive(small_buffer).size();
    ASSERT_TRUE(stays_silent(quiet, between_reads));
  }
  slow.half_close();
  const received rest = slow.receive_rest(long_patience);
  EXPECT_EQ(rest.end, ending::eof);
  EXPECT_EQ(got + rest.data.size(), sent);
  EXPECT_TRUE(echoes(quiet));
}

using Lifetime = Timeout;
INSTANTIATE_TEST_SUITE_P(, Lifetime, every_topology, topology_name);

TEST_P(Lifetime, EndsAConnectionHoweverBusyItIs) {
  constexpr milliseconds lifetime{1'000};
  const auto& server = serve_with({"--lifetime", "1s", "--idle-timeout", "1m"});
  const stopwatch since;
  auto dripping = connect_to(server);
  EXPECT_TRUE(eventually([&] { return !echoes(dripping, "x"); }));
  EXPECT_GE(since.elapsed(), lifetime - tick);
  EXPECT_TRUE(serves(server));
}

using KeepAlive = Timeout;
INSTANTIATE_TEST_SUITE_P(, KeepAlive, every_topology, topology_name);

TEST_P(KeepAlive, IsDueInFiveMinutesUnlessToldOtherwise) {
  using std::chrono::minutes;
  using std::chrono::seconds;
  struct setting {
    std::vector<std::string> args;
    milliseconds at_least;
    milliseconds at_most;
  };
  const setting settings[] = {
    {{}, minutes(4), minutes(5) + seconds(1)},
    {{"--keepalive", "30s"}, seconds(5), seconds(31)},
  };
  for (const auto& [args, at_least, at_most] : settings) {
    const auto& server = serve_with(args);
    auto client = connect_to(server);
    EXPECT_TRUE(echoes(client));
    std::optional<milliseconds> due;
    EXPECT_TRUE(eventually([&] {
      due = keepalive_due(server.port(), client.local_port());
      return due.has_value();
    }))
      << "no probe is planned";
    EXPECT_GE(due.value_or(milliseconds(0)), at_least);
    EXPECT_LE(due.value_or(at_most * 2), at_most);
  }
}

} // namespace

} // namespace coppice_test::timeouts_test
