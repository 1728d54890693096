// SPDX-License-Identifier: BSD-3-Clause

#include "cpu_share.hpp"
#include "process_view.hpp"
#include "server_fixture.hpp"

#include <csignal>

namespace coppice_test::hostile_peers_test {

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr int tiny_buffer = 4 * 1024;
constexpr double little_mebibytes = 32;

class HostilePeer : public topology_test {
protected:
  server_process& serve_lean(std::vector<std::string> args = {}) {
    serve_options options{std::move(args)};
    options.env = {sanitizer_options("ASAN_OPTIONS", "quarantine_size_mb=4")};
    return serve_topology(options);
  }
};
INSTANTIATE_TEST_SUITE_P(, HostilePeer, every_topology, topology_name);

TEST_P(HostilePeer, ResetWhileOutputWaitsFreesItsMemory) {
  auto& server = serve_lean();
  admin_api admin(server.admin_port());
  EXPECT_TRUE(serves(server));
  const double before = resident_mebibytes(server.pid());
  for (int round = 0; round < 20; ++round) {
    auto client = connect_to(server);
    client.send_until_stalled(random_bytes(8 * mebibyte));
    client.receive(100 * 1024);
    client.reset();
  }
  EXPECT_TRUE(admin.await_connections(0));
  EXPECT_LT(resident_mebibytes(server.pid()) - before, little_mebibytes);
  EXPECT_TRUE(serves(server));
}

TEST_P(HostilePeer, WritingToOneThatIsGoneRaisesNoSigpipe) {
  auto& server = serve_lean({"--protocol", "chargen"});
  for (int round = 0; round < 100; ++round) {
    auto client = connect_to(server);
    client.receive(1);
    if (round % 2 == 0)
      client.reset();
    else
      client.close();
  }
  EXPECT_TRUE(admin_api(server.admin_port()).await_connections(0));
  EXPECT_TRUE(server.running());
}

TEST_P(HostilePeer, ThatSendsAndNeverReadsCostsLittleMemory) {
  constexpr std::size_t offered = 256 * mebibyte;
  auto& server = serve_lean(one_reactor().args);
  auto other = connect_to(server);
  EXPECT_TRUE(echoes(other));
  const double before = resident_mebibytes(server.pid());
  tcp_client client(server.host(), server.port(), {tiny_buffer});
  const std::string data(offered, 'x');
  const std::size_t sent = client.send_until_stalled(data);
  EXPECT_LT(sent, offered) << "the server reads on and on";
  EXPECT_LT(resident_mebibytes(server.pid()) - before, little_mebibytes);
  EXPECT_TRUE(echoes(other));

  // It goes on as soon as the peer does.
  client.half_close();
  EXPECT_EQ(client.receive_rest(long_patience).data.size(), sent);
}

TEST_P(HostilePeer, ThatNeverReadsDoesNotHoldUpTheEnd) {
  constexpr const char* drain = "500ms";
  auto& server = serve_lean({"--drain-timeout", drain});
  auto client = connect_to(server);
  client.send_until_stalled(random_bytes(64 * mebibyte));
  const stopwatch since;
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_GE(since.elapsed(), milliseconds(480));
}

TEST_P(HostilePeer, WithTinyBuffersGetsEveryByteAndCausesNoBusyLoop) {
  auto& server = serve_lean(one_reactor().args);
  tcp_client client(server.host(), server.port(), {tiny_buffer});
  client.set_send_buffer(tiny_buffer);
  const std::string data = random_bytes(8 * mebibyte) + "\n";
  EXPECT_TRUE(same_bytes(client.echo(data), data));

  client.send_until_stalled(data);
  EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
}

TEST_P(HostilePeer, HundredsThatSayNothingDisturbNobody) {
  constexpr int silent_clients = 500;
  auto& server = serve_lean(one_reactor().args);
  std::vector<tcp_client> silent;
  for (int count = 0; count < silent_clients; ++count)
    silent.push_back(connect_to(server));
  auto client = connect_to(server);
  for (int round = 0; round < 200; ++round)
    ASSERT_TRUE(echoes(client));
}

} // namespace

} // namespace coppice_test::hostile_peers_test
