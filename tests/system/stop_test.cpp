// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

namespace coppice_test::stop_test {

namespace {

using Stop = topology_test;
INSTANTIATE_TEST_SUITE_P(, Stop, every_topology, topology_name);

// After a round trip of another client of the same reactor, what `client`
// has sent before has been handled. So its pieces really arrive as pieces.
void send_in_pieces(tcp_client& client, tcp_client& other,
                    std::string_view data) {
  for (const char byte : data) {
    client.send_all({&byte, 1});
    other.echo("handled?\n");
  }
}

void expect_end(const received& got, std::string_view data) {
  EXPECT_TRUE(same_bytes(got.data, data));
  EXPECT_EQ(got.end, ending::eof) << to_string(got.end);
}

TEST_P(Stop, LineClosesTheConnectionAndIsNotEchoed) {
  const auto& server = serve_topology();
  for (const char* line : {"stop\n", "stop\r\n"}) {
    auto client = connect_to(server);
    client.send_all(line);
    expect_end(client.receive_rest(), "");
  }
}

TEST_P(Stop, LineInPiecesClosesTheConnection) {
  const auto& server = serve_topology(one_reactor());
  auto other = connect_to(server);
  for (const char* line : {"stop\n", "stop\r\n"}) {
    auto client = connect_to(server);
    send_in_pieces(client, other, line);
    expect_end(client.receive_rest(), "");
  }
}

TEST_P(Stop, LineCutInTwoAnywhereClosesTheConnection) {
  const auto& server = serve_topology(one_reactor());
  auto other = connect_to(server);
  const std::string data = "before\nstop\r\n";
  for (std::size_t cut = 1; cut < data.size(); ++cut) {
    auto client = connect_to(server);
    client.send_all(data.substr(0, cut));
    other.echo("handled?\n");
    client.send_all(data.substr(cut));
    expect_end(client.receive_rest(), "before\n");
  }
}

TEST_P(Stop, LineBehindOtherDataClosesAfterItsEcho) {
  auto client = connect_to(serve_topology());
  client.send_all("one\ntwo\r\n\nstop\n");
  expect_end(client.receive_rest(), "one\ntwo\r\n\n");
}

TEST_P(Stop, LineAfterRoundTripsClosesTheConnection) {
  auto client = connect_to(serve_topology());
  EXPECT_TRUE(echoes(client, "a first line\n"));
  EXPECT_TRUE(echoes(client, "a second line\r\n"));
  client.send_all("stop\r\n");
  expect_end(client.receive_rest(), "");
}

TEST_P(Stop, LineInALargeChunkEchoesWhatPrecedesAndDropsWhatFollows) {
  auto client = connect_to(serve_topology());
  const std::string before = numbered_lines(0, 30'000);
  const std::string after = numbered_lines(30'000, 30'000);
  expect_end(client.exchange(before + "stop\n" + after), before);
}

TEST_P(Stop, ClientThatGoesOnSendingSeesEofNotReset) {
  const auto& server = serve_topology();
  for (const char* line : {"stop\n", "stop\r\n"}) {
    auto client = connect_to(server);
    const std::string after = random_bytes(64 * 1024);
    const received got = client.exchange("before\n" + (line + after));
    expect_end(got, "before\n");
    EXPECT_EQ(got.send_error, 0);
  }
}

TEST_P(Stop, PendingEchoOfALateReaderComesBeforeEof) {
  auto client = connect_to(serve_topology());
  const std::string before = numbered_lines(0, 200'000);
  const std::string data = before + "stop\nmore\n";
  const std::size_t sent = client.send_until_stalled(data);
  expect_end(client.exchange(std::string_view(data).substr(sent)), before);
}

TEST_P(Stop, SecondStopLineIsDroppedToo) {
  auto client = connect_to(serve_topology());
  client.send_all("stop\nstop\nafter\n");
  expect_end(client.receive_rest(), "");
}

TEST_P(Stop, ClosesOnlyItsOwnConnection) {
  const auto& server = serve_topology(one_reactor());
  auto staying = connect_to(server);
  auto leaving = connect_to(server);
  EXPECT_TRUE(echoes(staying));
  leaving.send_all("stop\n");
  expect_end(leaving.receive_rest(), "");
  EXPECT_TRUE(echoes(staying));
}

TEST_P(Stop, FreesTheConnectionWhenTheClientLeaves) {
  auto& server = serve_topology();
  admin_api admin(server.admin_port());
  auto staying = connect_to(server);
  EXPECT_TRUE(echoes(staying));
  {
    auto leaving = connect_to(server);
    EXPECT_TRUE(echoes(leaving));
    EXPECT_TRUE(admin.await_connections(2));
    leaving.send_all("stop\n");
    expect_end(leaving.receive_rest(), "");
  }
  EXPECT_TRUE(admin.await_connections(1));
}

using NotStop = topology_test;
INSTANTIATE_TEST_SUITE_P(, NotStop, every_topology, topology_name);

TEST_P(NotStop, LinesThatOnlyContainTheWordAreEchoed) {
  const auto& server = serve_topology();
  auto client = connect_to(server);
  for (const char* line :
       {"stopx\n", " stop\n", "xstop\n", "stop\rX\n", "stop \n", "stop\r\r\n",
        "STOP\n", "Stop\n", "stopstop\n", "sstop\n", "\tstop\n", "sto\n",
        "\rstop\n", "stop\x01\n", "stop stop\n"}) {
    ASSERT_TRUE(echoes(client, line)) << line;
  }
  EXPECT_TRUE(echoes(client, std::string("stop\0\n", 6)));
}

TEST_P(NotStop, SameLinesInPiecesAreEchoed) {
  const auto& server = serve_topology(one_reactor());
  auto client = connect_to(server);
  auto other = connect_to(server);
  for (const std::string line :
       {"stopx\n", " stop\n", "xstop\n", "stop\rX\n", "stop\r\r\n", "sto\n",
        "stostop\n", "ssstop\n"}) {
    send_in_pieces(client, other, line);
    ASSERT_EQ(client.receive(line.size()), line);
  }
}

TEST_P(NotStop, WordWithoutLineEndBeforeEofIsEchoed) {
  const auto& server = serve_topology();
  for (const char* data : {"stop", "stop\r", "s", "st", "sto", "line\nstop"})
    expect_end(connect_to(server).exchange(data, true), data);
}

TEST_P(NotStop, BeginningOfTheWordIsHeldBackUntilItIsDecided) {
  const auto& server = serve_topology(one_reactor());
  auto client = connect_to(server);
  auto other = connect_to(server);
  for (const char* beginning : {"s", "st", "sto", "stop", "stop\r"}) {
    client.send_all(std::string("line\n") + beginning);
    EXPECT_EQ(client.receive(5), "line\n");
    EXPECT_TRUE(echoes(other));
    EXPECT_FALSE(client.has_input()) << beginning;
    client.send_all("?\n");
    const std::string rest = std::string(beginning) + "?\n";
    EXPECT_EQ(client.receive(rest.size()), rest);
  }
}

TEST_P(NotStop, RestOfTheWordOnALineThatBeganOtherwiseIsEchoed) {
  const auto& server = serve_topology(one_reactor());
  auto client = connect_to(server);
  EXPECT_EQ(client.echo("x"), "x");
  EXPECT_EQ(client.echo("stop\n"), "stop\n");
  EXPECT_EQ(client.echo("\r"), "\r");
  EXPECT_EQ(client.echo("stop\n"), "stop\n");
}

TEST_P(NotStop, HeldBackBytesOfOneClientDoNotReachAnother) {
  const auto& server = serve_topology(one_reactor());
  auto first = connect_to(server);
  auto second = connect_to(server);
  first.send_all("st");
  second.send_all("op\n");
  EXPECT_EQ(second.receive(3), "op\n");
  first.send_all("op\n");
  expect_end(first.receive_rest(), "");
  EXPECT_TRUE(echoes(second));
}

} // namespace

} // namespace coppice_test::stop_test
