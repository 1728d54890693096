// SPDX-License-Identifier: BSD-3-Clause

#include "process_view.hpp"
#include "server_fixture.hpp"

namespace coppice_test::protocols_test {

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

class Protocol : public topology_test {
protected:
  server_process& serve_protocol(const std::string& name) {
    serve_options options{{"--protocol", name}};
    options.env = {sanitizer_options("ASAN_OPTIONS", "quarantine_size_mb=4")};
    return serve_topology(options);
  }
};

using Line = Protocol;
INSTANTIATE_TEST_SUITE_P(, Line, every_topology, topology_name);

TEST_P(Line, ComesBackWhenItIsComplete) {
  auto client = connect_to(serve_protocol("line"));
  client.send_all("half a ");
  EXPECT_TRUE(stays_silent(client));
  client.send_all("line\n");
  EXPECT_EQ(client.receive(12), "half a line\n");
}

TEST_P(Line, ByteAtATimeAndAllAtOnceAreTheSame) {
  const std::string lines = numbered_lines(0, 10'000);
  auto& server = serve_protocol("line");
  auto at_once = connect_to(server);
  EXPECT_TRUE(same_bytes(at_once.echo(lines), lines));

  const std::string few = numbered_lines(0, 100);
  auto in_bytes = connect_to(server);
  for (const char byte : few)
    in_bytes.send_all({&byte, 1});
  EXPECT_TRUE(same_bytes(in_bytes.receive(few.size()), few));
}

TEST_P(Line, StopClosesAfterTheLinesBeforeIt) {
  auto& server = serve_protocol("line");
  for (const char* stop : {"stop\n", "stop\r\n"}) {
    auto client = connect_to(server);
    client.send_all(std::string("first\n") + stop + "never\n");
    const received got = client.receive_rest();
    EXPECT_EQ(got.data, "first\n");
    EXPECT_EQ(got.end, ending::eof);
  }
}

TEST_P(Line, WithoutEndIsCutOffAndCostsNoMemory) {
  constexpr std::size_t a_hundred = 100 * mebibyte;
  constexpr double little_mebibytes = 32;
  auto& server = serve_protocol("line");
  auto other = connect_to(server);
  EXPECT_TRUE(echoes(other));
  const double before = resident_mebibytes(server.pid());
  auto client = connect_to(server);
  const received got = client.exchange(std::string(a_hundred, 'x'));
  EXPECT_EQ(got.data, "");
  EXPECT_TRUE(got.end == ending::eof || got.end == ending::reset)
    << to_string(got.end);
  EXPECT_LT(resident_mebibytes(server.pid()) - before, little_mebibytes);
  EXPECT_TRUE(echoes(other));
}

using Discard = Protocol;
INSTANTIATE_TEST_SUITE_P(, Discard, every_topology, topology_name);

TEST_P(Discard, TakesEverythingAndSaysNothing) {
  auto client = connect_to(serve_protocol("discard"));
  client.send_all(random_bytes(16 * mebibyte));
  client.send_all("stop\n");
  EXPECT_FALSE(client.has_input());
  const received got = client.exchange("", true);
  EXPECT_EQ(got.data, "");
  EXPECT_EQ(got.end, ending::eof);
}

using Chargen = Protocol;
INSTANTIATE_TEST_SUITE_P(, Chargen, every_topology, topology_name);

TEST_P(Chargen, SendsLinesOfShiftedCharacters) {
  constexpr std::size_t characters = 72;
  auto client = connect_to(serve_protocol("chargen"));
  const std::string first = client.receive(characters + 2);
  const std::string second = client.receive(characters + 2);
  EXPECT_EQ(first.substr(characters), "\r\n");
  EXPECT_EQ(first.substr(1, characters - 1), second.substr(0, characters - 1));
}

TEST_P(Chargen, GoesOnForAsLongAsTheClientReads) {
  auto client = connect_to(serve_protocol("chargen"));
  EXPECT_EQ(client.receive(16 * mebibyte).size(), 16 * mebibyte);
  client.send_all("what is said does not matter\n");
  EXPECT_EQ(client.receive(mebibyte).size(), mebibyte);
}

TEST_P(Chargen, CostsNoMemoryWhileTheClientDoesNotRead) {
  constexpr int clients = 20;
  constexpr double little_mebibytes = 32;
  auto& server = serve_protocol("chargen");
  EXPECT_EQ(connect_to(server).receive(mebibyte).size(), mebibyte);
  const double before = resident_mebibytes(server.pid());
  std::vector<tcp_client> silent;
  for (int count = 0; count < clients; ++count)
    silent.push_back(connect_to(server));
  for (auto& client : silent) {
    EXPECT_TRUE(eventually([&] { return client.has_input(); }));
  }
  EXPECT_EQ(connect_to(server).receive(mebibyte).size(), mebibyte);
  EXPECT_LT(resident_mebibytes(server.pid()) - before, little_mebibytes);
}

} // namespace

} // namespace coppice_test::protocols_test
