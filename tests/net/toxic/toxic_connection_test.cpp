// SPDX-License-Identifier: BSD-3-Clause

#include "support/toxic_fixture.hpp"

#include <gmock/gmock.h>

#include <future>
#include <vector>

namespace toxic_connection_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

// What toxics do to real connections. Times have lower bounds alone, but for
// the deadline of the client.

namespace {

constexpr auto up = toxic_stream::upstream;
constexpr auto down = toxic_stream::downstream;

using Toxics = toxic_fixture;

} // namespace

TEST_F(Toxics, DelayWhatTheServerSends) {
  serve();
  add(latency_toxic{100ms});
  auto peer = connect();
  stopwatch watch;

  EXPECT_EQ(peer.ask("x"), "x");

  EXPECT_GE(watch.elapsed(), 100ms);
}

TEST_F(Toxics, DelayBothDirections) {
  serve();
  add(latency_toxic{100ms}, up);
  add(latency_toxic{100ms}, down);
  auto peer = connect();
  stopwatch watch;

  EXPECT_EQ(peer.ask("x"), "x");

  EXPECT_GE(watch.elapsed(), 200ms);
}

TEST_F(Toxics, ActOnConnectionsThatAreThere) {
  serve();
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");

  add(latency_toxic{100ms});
  stopwatch watch;

  EXPECT_EQ(peer.ask("y"), "y");
  EXPECT_GE(watch.elapsed(), 100ms);
}

TEST_F(Toxics, DelayTheGreetingOfAHandler) {
  script.connect = [](connection& self) { self.write("hello"); };
  serve();
  add(latency_toxic{100ms});
  stopwatch watch;
  auto peer = connect();

  EXPECT_EQ(peer.receive(5), "hello");
  EXPECT_GE(watch.elapsed(), 100ms);
}

TEST_F(Toxics, LetThroughWhatTheyHeldWhenTheyAreTakenOff) {
  serve();
  add(latency_toxic{1h}, up);
  add(bandwidth_toxic{0}, down);
  auto peer = connect();
  (void)peer.sends("x");
  EXPECT_TRUE(silent(peer, 100ms));

  heal();

  EXPECT_EQ(peer.receive(1), "x");
  EXPECT_EQ(peer.ask("y"), "y");
}

TEST_F(Toxics, CanBeChanged) {
  serve();
  add(latency_toxic{1h});
  auto peer = connect();
  (void)peer.sends("x");
  EXPECT_TRUE(silent(peer, 50ms));

  EXPECT_TRUE(
    listener->update_toxic({latency_toxic{}, down, 1, "latency_downstream"}));

  EXPECT_EQ(peer.receive(1), "x");
}

TEST_F(Toxics, LimitTheRate) {
  serve();
  add(bandwidth_toxic{100});
  auto peer = connect();
  std::string text(50'000, 'x');
  stopwatch watch;

  EXPECT_EQ(peer.ask(text), text);

  EXPECT_GE(watch.elapsed(), 500ms);
}

TEST_F(Toxics, CloseAConnectionAfterATime) {
  serve();
  add(limit_time_toxic{100ms});
  stopwatch watch;
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");

  EXPECT_EQ(peer.receive_all(), "");

  EXPECT_EQ(peer.ending(), "eof");
  EXPECT_GE(watch.elapsed(), 100ms);
  EXPECT_EQ(reason(), "{shutdown,toxic_limit_time}");
}

TEST_F(Toxics, CorruptBytesBothWays) {
  serve();
  add(corrupt_toxic{1'000'000}, up);
  auto peer = connect();

  auto got = peer.ask("aaaa");

  EXPECT_EQ(got.size(), 4U);
  EXPECT_EQ(got.find('a'), std::string::npos);
}

TEST_F(Toxics, AreLateByTheTimeOfALostPacketNowAndThen) {
  serve();
  add(packet_loss_toxic{300'000});
  auto peer = connect();

  EXPECT_TRUE(wait_until([&] {
    stopwatch watch;
    EXPECT_EQ(peer.ask("x"), "x");
    return watch.elapsed() >= 200ms;
  }));
}

TEST_F(Toxics, CutIntoSlices) {
  std::promise<std::vector<std::size_t>> sizes;
  std::vector<std::size_t> so_far;
  script.data = [&](connection&, std::string_view data) {
    so_far.push_back(data.size());
    if (so_far.size() == 4)
      sizes.set_value(so_far);
  };
  serve();
  add(slicer_toxic{2, 0, 100us}, up);
  auto peer = connect();

  (void)peer.sends("12345678");

  EXPECT_THAT(sizes.get_future().get(), ElementsAre(2, 2, 2, 2));
}

// Some ten thousand of them, more than one turn sends.
TEST_F(Toxics, LoseNothingOfManySlices) {
  serve();
  add(slicer_toxic{16, 15}, up);
  add(slicer_toxic{16, 15}, down);
  auto peer = connect();
  std::string text;
  for (int i = 0; text.size() < 1 << 18; ++i)
    text += std::to_string(i);

  EXPECT_TRUE(peer.echoes(text));
}

// -- ends ---------------------------------------------------------------------

TEST_F(Toxics, PutOffTheServersEnd) {
  script.data = [](connection& self, std::string_view data) {
    self.write(data);
    self.close();
  };
  serve();
  add(slow_close_toxic{100ms});
  auto peer = connect();
  stopwatch watch;

  EXPECT_EQ(peer.ask("x"), "x");
  EXPECT_EQ(peer.receive_all(), "");

  EXPECT_GE(watch.elapsed(), 100ms);
  EXPECT_EQ(peer.ending(), "eof");
}

TEST_F(Toxics, PutOffTheClientsEnd) {
  serve();
  add(slow_close_toxic{100ms}, up);
  auto peer = connect();
  stopwatch watch;

  EXPECT_EQ(peer.ask("x"), "x");
  peer.half_close();
  EXPECT_EQ(peer.receive_all(), "");

  EXPECT_GE(watch.elapsed(), 100ms);
  EXPECT_EQ(peer.ending(), "eof");
  EXPECT_EQ(reason(), "normal");
}

TEST_F(Toxics, LetNothingOvertakeTheEnd) {
  serve();
  add(latency_toxic{50ms}, up);
  add(latency_toxic{50ms}, down);
  auto peer = connect();

  (void)peer.sends("all of it");
  peer.half_close();

  EXPECT_EQ(peer.receive_all(), "all of it");
  EXPECT_EQ(peer.ending(), "eof");
  EXPECT_EQ(reason(), "normal");
}

TEST_F(Toxics, CloseAfterATimeout) {
  serve();
  add(timeout_toxic{100ms});
  stopwatch watch;
  auto peer = connect();
  (void)peer.sends("x");

  EXPECT_EQ(peer.receive_all(), "");

  EXPECT_GE(watch.elapsed(), 100ms);
  EXPECT_EQ(peer.ending(), "eof");
  peer.half_close();
  EXPECT_EQ(reason(), "{shutdown,toxic_timeout}");
}

TEST_F(Toxics, AreABlackHoleUntilTheyAreTakenOff) {
  serve();
  add(timeout_toxic{}, up);
  auto peer = connect();
  (void)peer.sends("x");
  EXPECT_TRUE(silent(peer, 100ms));
  EXPECT_EQ(listener->active(), 1);

  heal();

  EXPECT_EQ(peer.receive_all(), "");
  peer.half_close();
  EXPECT_EQ(reason(), "{shutdown,toxic_timeout}");
}

TEST_F(Toxics, ResetAConnection) {
  serve();
  for (auto stream : {up, down}) {
    add(reset_peer_toxic{50ms}, stream);
    stopwatch watch;
    auto peer = connect();
    (void)peer.sends("x");

    EXPECT_EQ(peer.receive_all(), "");

    EXPECT_EQ(peer.ending(), "reset") << to_string(stream);
    EXPECT_GE(watch.elapsed(), 50ms);
    heal();
  }
  EXPECT_THAT(log.wait_for(2), ElementsAre("{shutdown,toxic_reset_peer}",
                                           "{shutdown,toxic_reset_peer}"));
}

TEST_F(Toxics, CloseAfterSomeBytesToTheClient) {
  serve();
  add(limit_data_toxic{7});
  auto peer = connect();
  EXPECT_EQ(peer.ask("12345"), "12345");

  (void)peer.sends("6789");

  EXPECT_EQ(peer.receive_all(), "67");
  EXPECT_EQ(peer.ending(), "eof");
}

TEST_F(Toxics, CloseAfterSomeBytesToTheServer) {
  serve();
  add(limit_data_toxic{7}, up);
  add(latency_toxic{50ms}, down);
  auto peer = connect();

  (void)peer.sends("123456789");

  EXPECT_EQ(peer.receive_all(), "1234567");
  EXPECT_EQ(peer.ending(), "eof");
}

} // namespace toxic_connection_test
