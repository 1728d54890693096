// SPDX-License-Identifier: BSD-3-Clause

#include "support/toxic_fixture.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cstdint>
#include <future>
#include <thread>

namespace toxic_limits_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::test;
using namespace std::chrono_literals;
using ::testing::Lt;

// Toxics together with the limits of connections.

namespace {

constexpr auto up = toxic_stream::upstream;
constexpr auto down = toxic_stream::downstream;

using ToxicLimits = toxic_fixture;

} // namespace

TEST_F(ToxicLimits, StopReadingFromAClientWhoseBytesAreHeld) {
  serve();
  add(bandwidth_toxic{0}, up);
  auto peer = connect();
  std::string chunk(64 * 1024, 'x');
  std::size_t sent = 0;
  for (pollfd ready{peer.fd(), POLLOUT, 0}; ::poll(&ready, 1, 200) > 0;) {
    auto n = ::send(peer.fd(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    sent += n > 0 ? static_cast<std::size_t>(n) : 0;
  }

  EXPECT_THAT(listener->counters().bytes_in, Lt(std::uint64_t{512 * 1024}));
  heal();

  EXPECT_EQ(peer.receive(sent).size(), sent);
}

TEST_F(ToxicLimits, StopReadingFromAClientWhoseAnswersAreHeld) {
  serve();
  add(bandwidth_toxic{0}, down);
  auto peer = connect();
  std::string chunk(64 * 1024, 'x');
  std::size_t sent = 0;
  for (pollfd ready{peer.fd(), POLLOUT, 0}; ::poll(&ready, 1, 200) > 0;) {
    auto n = ::send(peer.fd(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    sent += n > 0 ? static_cast<std::size_t>(n) : 0;
  }

  EXPECT_THAT(listener->counters().bytes_in, Lt(std::uint64_t{512 * 1024}));
  heal();

  EXPECT_EQ(peer.receive(sent).size(), sent);
}

TEST_F(ToxicLimits, CountWhatIsHeldAsOutputThatWaits) {
  script.data
    = [](connection& self, auto) { self.write(std::string(600, 'x')); };
  serve({.max_output_bytes = 1000});
  add(latency_toxic{1h});
  auto peer = connect();
  (void)peer.sends("x");
  EXPECT_TRUE(silent(peer, 50ms));

  (void)peer.sends("x");

  EXPECT_EQ(reason(), "{shutdown,output_limit}");
}

TEST_F(ToxicLimits, SeeThePeerAsTheToxicsMakeIt) {
  serve({.idle = 50ms});
  add(timeout_toxic{}, up);
  auto peer = connect();

  while (peer.sends("x") && log.lines().empty())
    std::this_thread::yield();

  EXPECT_EQ(reason(), "{shutdown,idle_timeout}");
}

TEST_F(ToxicLimits, EndThePatienceWithAPeerThatTakesNothing) {
  script.data
    = [](connection& self, auto) { self.write(std::string(32 << 20, 'x')); };
  serve({.send = 100ms});
  add(latency_toxic{1ms});
  auto peer = connect();
  (void)peer.sends("x");

  EXPECT_EQ(reason(), "{shutdown,send_timeout}");
}

TEST_F(ToxicLimits, EndTheGoodbyeThatIsHeld) {
  script.shutdown = [](connection& self) { self.write("bye"); };
  serve({.goodbye = 100ms});
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");
  add(latency_toxic{1h});

  root->stop(supervision::exit_reason::shutdown());

  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_EQ(reason(), "shutdown");
}

TEST_F(ToxicLimits, LeaveTimeForAGoodbyeThatIsLate) {
  script.shutdown = [](connection& self) { self.write("bye"); };
  serve({.goodbye = 10s});
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");
  add(latency_toxic{50ms});

  root->stop(supervision::exit_reason::shutdown());

  EXPECT_EQ(peer.receive_all(), "bye");
}

TEST_F(ToxicLimits, HoldWhatAPausedHandlerDoesNotWant) {
  std::promise<caf::actor> found;
  script.data = [&](connection& self, std::string_view data) {
    self.write(data);
    if (data == "pause") {
      self.pause();
      found.set_value(self.handle());
    }
  };
  script.message = [](connection& self, caf::message&) { self.resume(); };
  serve();
  add(latency_toxic{20ms}, up);
  auto peer = connect();
  (void)peer.sends("pause");
  auto self = found.get_future().get();
  (void)peer.sends("more");
  EXPECT_EQ(peer.receive(5), "pause");
  EXPECT_TRUE(silent(peer, 100ms));

  actor::deliver(self, 1);

  EXPECT_EQ(peer.receive(4), "more");
}

} // namespace toxic_limits_test
