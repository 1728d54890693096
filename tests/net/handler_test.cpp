// SPDX-License-Identifier: BSD-3-Clause

#include "support/listener_fixture.hpp"

#include "coppice/actor/exit_signal.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <cstdint>
#include <future>

namespace handler_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

namespace {

class Handler : public listener_fixture {
protected:
  void serve(net::limits limits = {}) {
    script.close = [this](connection&, const supervision::exit_reason& reason) {
      log.add(to_string(reason));
    };
    listener_fixture::serve(topology::linked, 1, 1000, limits);
  }

  // The handlers use `log` to the last.
  void TearDown() override {
    stop();
  }

  std::string reason() {
    return log.wait_for(1).at(0);
  }

  recorder log;
};

using Limits = Handler;

} // namespace

TEST_F(Handler, IsToldWhatAConnectionEndedWith) {
  serve();
  {
    auto peer = connect();
    EXPECT_EQ(peer.ask("x"), "x");
  }

  EXPECT_EQ(reason(), "normal");
}

TEST_F(Handler, MayEndItsConnectionForAReason) {
  script.data = [](connection& self, auto) {
    self.abort(supervision::exit_reason::shutdown("enough"));
  };
  serve();
  auto peer = connect();
  EXPECT_TRUE(peer.sends("x"));

  EXPECT_EQ(reason(), "{shutdown,enough}");
}

TEST_F(Handler, SaysGoodbyeWhenTheServerEnds) {
  script.shutdown = [](connection& self) { self.write("bye"); };
  serve();
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");

  root->stop(supervision::exit_reason::shutdown());

  EXPECT_EQ(peer.receive_all(), "bye");
  EXPECT_EQ(peer.ending(), "eof");
}

TEST_F(Handler, IsNotHeldUpByAPeerThatDoesNotReadTheGoodbye) {
  script.shutdown
    = [](connection& self) { self.write(std::string(32 << 20, 'x')); };
  serve();
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");

  root->stop(supervision::exit_reason::shutdown());
  EXPECT_EQ(reason(), "shutdown");
}

TEST_F(Handler, GetsMessagesOfOtherActors) {
  std::promise<caf::actor> found;
  script.connect = [&](connection& self) { found.set_value(self.handle()); };
  script.message = [](connection& self, caf::message& what) {
    if (what.match_element<std::string>(0))
      self.write(what.get_as<std::string>(0));
  };
  serve();
  auto peer = connect();

  actor::deliver(found.get_future().get(), std::string{"hello"});

  EXPECT_EQ(peer.receive(5), "hello");
}

TEST_F(Handler, IsToldWhenWhatWaitedHasBeenSent) {
  std::promise<std::size_t> written;
  script.data = [&](connection& self, auto) {
    self.write(std::string(16 << 20, 'x'));
    written.set_value(self.waiting_bytes());
  };
  script.writable = [this](connection& self) {
    log.add("writable, " + std::to_string(self.waiting_bytes()) + " wait");
  };
  serve();
  auto peer = connect();
  EXPECT_TRUE(peer.sends("x"));

  // A peer that reads meanwhile could take it all, and nothing would wait.
  EXPECT_GT(written.get_future().get(), 0U);
  EXPECT_EQ(peer.receive(16 << 20).size(), std::size_t{16 << 20});
  EXPECT_EQ(reason(), "writable, 0 wait");
}

TEST_F(Handler, PausesReadingAndResumes) {
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
  auto peer = connect();
  EXPECT_EQ(peer.ask("pause"), "pause");
  auto self = found.get_future().get();

  EXPECT_TRUE(peer.sends("more"));
  pollfd ready{peer.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&ready, 1, 50), 0);
  actor::deliver(self, 1);

  EXPECT_EQ(peer.receive(4), "more");
}

// -- limits on time -----------------------------------------------------------

TEST_F(Limits, EndAPeerThatSaysNothing) {
  serve({.first_byte = 50ms});
  auto peer = connect();

  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_EQ(reason(), "{shutdown,first_byte_timeout}");
}

TEST_F(Limits, OnTheFirstByteDoNotConcernTheNext) {
  serve({.first_byte = 50ms});
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");
  pollfd ready{peer.fd(), POLLIN, 0};

  EXPECT_EQ(::poll(&ready, 1, 150), 0);
  EXPECT_EQ(peer.ask("y"), "y");
}

TEST_F(Limits, EndAPeerThatFallsSilent) {
  serve({.idle = 50ms});
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");

  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_EQ(reason(), "{shutdown,idle_timeout}");
}

TEST_F(Limits, OfIdlenessAreNotExtendedByWhatTheServerSends) {
  std::promise<caf::actor> found;
  script.connect = [&](connection& self) { found.set_value(self.handle()); };
  script.message = [](connection& self, caf::message&) { self.write("."); };
  serve({.idle = 100ms});
  auto peer = connect();
  auto self = found.get_future().get();

  std::thread chatter{[&] {
    while (log.lines().empty())
      actor::deliver(self, 1);
  }};

  EXPECT_EQ(reason(), "{shutdown,idle_timeout}");
  chatter.join();
}

TEST_F(Limits, OfIdlenessCanBeSetForOneConnection) {
  script.connect = [](connection& self) { self.set_timeout(50ms); };
  serve();
  auto peer = connect();

  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_EQ(reason(), "{shutdown,idle_timeout}");
}

TEST_F(Limits, OfIdlenessCanBeLiftedForOneConnection) {
  script.connect = [](connection& self) { self.set_timeout({}); };
  serve({.idle = 50ms});
  auto peer = connect();
  pollfd ready{peer.fd(), POLLIN, 0};

  EXPECT_EQ(::poll(&ready, 1, 200), 0);
  EXPECT_EQ(peer.ask("x"), "x");
}

TEST_F(Limits, EndAPeerThatDoesNotTakeWhatIsSent) {
  script.data
    = [](connection& self, auto) { self.write(std::string(32 << 20, 'x')); };
  serve({.send = 100ms});
  auto peer = connect();
  EXPECT_TRUE(peer.sends("x"));

  EXPECT_EQ(reason(), "{shutdown,send_timeout}");
}

TEST_F(Limits, EndAConnectionHoweverBusy) {
  serve({.lifetime = 100ms});
  auto peer = connect();

  while (peer.ask("x") == "x") {
  }

  EXPECT_EQ(reason(), "{shutdown,lifetime_timeout}");
}

TEST_F(Limits, AreForTheHandlerToDecide) {
  script.timeout = [this](connection& self, time_limit what) {
    log.add(std::string{to_string(what)});
    if (log.lines().size() == 2)
      self.close();
  };
  serve({.idle = 30ms});
  auto peer = connect();

  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_THAT(log.wait_for(3), ElementsAre("idle", "idle", "normal"));
}

TEST_F(Limits, EndAConnectionThatWritesMoreThanItMay) {
  script.data
    = [](connection& self, auto) { self.write(std::string(32 << 20, 'x')); };
  serve({.max_output_bytes = 1 << 20});
  auto peer = connect();
  EXPECT_TRUE(peer.sends("x"));

  EXPECT_EQ(reason(), "{shutdown,output_limit}");
}

// -- limits on numbers --------------------------------------------------------

TEST_F(Limits, LetNoMoreThanMaxConnectionsIn) {
  serve({.max_connections = 2});
  auto a = connect();
  auto b = connect();
  EXPECT_EQ(a.ask("a"), "a");
  EXPECT_EQ(b.ask("b"), "b");
  auto c = connect(); // by the kernel
  EXPECT_TRUE(c.sends("c"));
  pollfd ready{c.fd(), POLLIN, 0};

  EXPECT_EQ(::poll(&ready, 1, 100), 0);
  EXPECT_EQ(listener->active(), 2);
  { auto gone = std::move(a); }

  EXPECT_EQ(c.receive(1), "c");
  EXPECT_EQ(listener->active(), 2);
}

TEST_F(Limits, CanBeRaisedWhileClientsWait) {
  serve({.max_connections = 1});
  auto a = connect();
  EXPECT_EQ(a.ask("a"), "a");
  auto b = connect();
  EXPECT_TRUE(b.sends("b"));

  listener->set_limits({.max_connections = 2});

  EXPECT_EQ(b.receive(1), "b");
}

TEST_F(Limits, CanBeLoweredWithoutEndingAnybody) {
  serve();
  auto a = connect();
  auto b = connect();
  EXPECT_EQ(a.ask("a"), "a");
  EXPECT_EQ(b.ask("b"), "b");

  listener->set_limits({.max_connections = 1});

  EXPECT_EQ(a.ask("a"), "a");
  EXPECT_EQ(b.ask("b"), "b");
}

TEST_F(Limits, MayTurnClientsAway) {
  serve(
    {.max_connections = 1, .overflow = overflow::reject, .reject_after = 50ms});
  auto a = connect();
  EXPECT_EQ(a.ask("a"), "a");
  auto b = connect();

  EXPECT_EQ(b.receive_all(), "");
  EXPECT_EQ(a.ask("a"), "a");
  EXPECT_EQ(listener->counters().rejected, 1u);
}

// -- counters -----------------------------------------------------------------

TEST_F(Limits, DoNotKeepCountersFromAddingUp) {
  serve({.max_connections = 3});
  constexpr auto clients = 200;
  for (auto n = 0; n < clients; ++n)
    EXPECT_EQ(connect().ask("12345"), "12345");

  EXPECT_TRUE(wait_until([this] { return listener->active() == 0; }));
  auto sum = listener->counters();

  EXPECT_EQ(sum.accepted, static_cast<std::uint64_t>(clients));
  EXPECT_EQ(sum.closed, sum.accepted);
  EXPECT_EQ(sum.bytes_in, 5u * clients);
  EXPECT_EQ(sum.bytes_out, 5u * clients);
}

} // namespace handler_test
