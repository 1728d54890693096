// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include <algorithm>
#include <future>

namespace coppice_test::echo_test {

namespace {

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = 1024 * kibibyte;

using Echo = topology_test;
INSTANTIATE_TEST_SUITE_P(, Echo, every_topology, topology_name);

TEST_P(Echo, OneByteComesBack) {
  auto client = connect_to(serve_topology());
  EXPECT_EQ(client.echo("x"), "x");
}

TEST_P(Echo, TwentyOneBytesComeBack) {
  auto client = connect_to(serve_topology());
  const std::string line = "twenty-one bytes long";
  ASSERT_EQ(line.size(), 21U);
  EXPECT_EQ(client.echo(line), line);
}

TEST_P(Echo, RandomBytesComeBackUnchanged) {
  auto client = connect_to(serve_topology());
  for (const std::size_t size : {64 * kibibyte, 4 * mebibyte}) {
    const std::string data = random_bytes(size) + "\n";
    EXPECT_TRUE(same_bytes(client.echo(data), data)) << size;
  }
}

TEST_P(Echo, EveryByteValueComesBack) {
  auto client = connect_to(serve_topology());
  for (int value = 0; value < 256; ++value) {
    const std::string data{'.', static_cast<char>(value), '.'};
    ASSERT_EQ(client.echo(data), data) << value;
  }
}

TEST_P(Echo, OnlyNulAndFfBytesComeBack) {
  auto client = connect_to(serve_topology());
  std::string data(64 * kibibyte, '\0');
  for (std::size_t at = 0; at < data.size(); at += 3)
    data[at] = '\xff';
  EXPECT_TRUE(same_bytes(client.echo(data), data));
}

TEST_P(Echo, BytesSentOneAtATimeComeBackOneAtATime) {
  auto client = connect_to(serve_topology());
  for (const char byte : std::string("one byte at a time\r\n")) {
    const std::string data{byte};
    ASSERT_EQ(client.echo(data), data);
  }
}

TEST_P(Echo, ThousandLinesInOneWriteComeBack) {
  auto client = connect_to(serve_topology());
  const std::string lines = numbered_lines(0, 1000);
  EXPECT_TRUE(same_bytes(client.echo(lines), lines));
}

TEST_P(Echo, LongLineWithoutEndComesBack) {
  auto client = connect_to(serve_topology());
  const std::string data(mebibyte, 's');
  EXPECT_TRUE(same_bytes(client.echo(data), data));
}

TEST_P(Echo, EmptyLinesComeBack) {
  auto client = connect_to(serve_topology());
  EXPECT_EQ(client.echo("\n"), "\n");
  EXPECT_EQ(client.echo("\r\n\n\n\r\n"), "\r\n\n\n\r\n");
}

TEST_P(Echo, TwoClientsOutOfOrderGetTheirOwnBytes) {
  const auto& server = serve_topology();
  auto first = connect_to(server);
  auto second = connect_to(server);
  first.send_all("first, one\n");
  second.send_all("second, one\n");
  EXPECT_EQ(second.receive(12), "second, one\n");
  second.send_all("second, two\n");
  first.send_all("first, two\n");
  EXPECT_EQ(second.receive(12), "second, two\n");
  EXPECT_EQ(first.receive(22), "first, one\nfirst, two\n");
}

TEST_P(Echo, ClientThatLeavesDoesNotDisturbAnother) {
  const auto& server = serve_topology();
  auto staying = connect_to(server);
  auto leaving = connect_to(server);
  EXPECT_TRUE(echoes(leaving));
  leaving.close();
  EXPECT_TRUE(echoes(staying));
}

TEST_P(Echo, ClientThatResetsWithOutputPendingDoesNotDisturbAnother) {
  auto& server = serve_topology(one_reactor());
  auto staying = connect_to(server);
  EXPECT_TRUE(echoes(staying));
  for (int round = 0; round < 10; ++round) {
    auto leaving = connect_to(server);
    leaving.send_until_stalled(random_bytes(mebibyte));
    leaving.reset();
  }
  EXPECT_TRUE(echoes(staying));
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(admin_api(server.admin_port()).await_connections(1));
}

TEST_P(Echo, HundredClientsInTurnAreServed) {
  const auto& server = serve_topology();
  for (int round = 0; round < 100; ++round)
    ASSERT_TRUE(serves(server)) << round;
}

using HalfClose = topology_test;
INSTANTIATE_TEST_SUITE_P(, HalfClose, every_topology, topology_name);

TEST_P(HalfClose, WithoutDataIsAnsweredByEof) {
  auto client = connect_to(serve_topology());
  const received got = client.exchange("", true);
  EXPECT_EQ(got.data, "");
  EXPECT_EQ(got.end, ending::eof);
}

TEST_P(HalfClose, EveryByteIsEchoedBeforeEof) {
  const auto& server = serve_topology();
  for (const std::size_t size : {std::size_t{1}, mebibyte}) {
    const std::string data = random_bytes(size);
    const received got = connect_to(server).exchange(data, true);
    EXPECT_TRUE(same_bytes(got.data, data));
    EXPECT_EQ(got.end, ending::eof);
    EXPECT_EQ(got.send_error, 0);
  }
}

TEST_P(HalfClose, LateReaderGetsEightMebibytes) {
  const auto& server = serve_topology();
  auto client = connect_to(server);
  const std::string data = random_bytes(8 * mebibyte);
  // Nothing is read until the server takes no more (or has taken it all).
  const std::size_t sent = client.send_until_stalled(data);
  const received got
    = client.exchange(std::string_view(data).substr(sent), true);
  EXPECT_TRUE(same_bytes(got.data, data));
  EXPECT_EQ(got.end, ending::eof);
}

using SlowReader = topology_test;
INSTANTIATE_TEST_SUITE_P(, SlowReader, every_topology, topology_name);

constexpr int small_buffer = 32 * 1024;

TEST_P(SlowReader, DoesNotHoldUpTheOthersOfItsReactor) {
  const auto& server = serve_topology(one_reactor());
  tcp_client slow(server.host(), server.port(), {small_buffer});
  const std::string data = random_bytes(4 * mebibyte) + "\n";
  const std::size_t sent = slow.send_until_stalled(data);
  auto other = connect_to(server);
  for (int round = 0; round < 100; ++round)
    ASSERT_TRUE(echoes(other));
  std::string got = slow.receive(sent / 2);
  EXPECT_TRUE(echoes(other));
  slow.half_close();
  got += slow.receive_rest().data;
  EXPECT_TRUE(same_bytes(got, std::string_view(data).substr(0, sent)));
}

TEST_P(SlowReader, GetsEveryByteInSmallPieces) {
  const auto& server = serve_topology();
  tcp_client slow(server.host(), server.port(), {small_buffer});
  const std::string data = random_bytes(mebibyte) + "\n";
  auto sending = std::async(std::launch::async, [&] { slow.send_all(data); });
  std::string got;
  while (got.size() < data.size())
    got += slow.receive(std::min<std::size_t>(1000, data.size() - got.size()));
  sending.get();
  EXPECT_TRUE(same_bytes(got, data));
}

using Addresses = topology_test;
INSTANTIATE_TEST_SUITE_P(, Addresses, every_topology, topology_name);

bool has_ipv6() {
  return connect_error("::1", 1) == ECONNREFUSED;
}

TEST_P(Addresses, Ipv4LoopbackServes) {
  const auto& server = serve_topology();
  EXPECT_EQ(server.host(), "127.0.0.1");
  EXPECT_TRUE(serves(server));
}

TEST_P(Addresses, Ipv6LoopbackServes) {
  if (!has_ipv6())
    GTEST_SKIP() << "this machine has no IPv6 loopback";
  serve_options options;
  options.bind = "::1";
  const auto& server = serve_topology(options);
  EXPECT_EQ(server.host(), "::1");
  EXPECT_TRUE(serves(server));
  EXPECT_EQ(connect_error("127.0.0.1", server.port()), ECONNREFUSED);
}

TEST_P(Addresses, UnspecifiedAddressServesBothFamilies) {
  if (!has_ipv6())
    GTEST_SKIP() << "this machine has no IPv6 loopback";
  serve_options options;
  options.bind = "::";
  const auto& server = serve_topology(options);
  for (const char* host : {"127.0.0.1", "::1"}) {
    tcp_client client(host, server.port());
    EXPECT_TRUE(echoes(client)) << host;
  }
}

TEST_P(Addresses, LocalhostServes) {
  serve_options options;
  options.bind = "localhost";
  EXPECT_TRUE(serves(serve_topology(options)));
}

} // namespace

} // namespace coppice_test::echo_test
