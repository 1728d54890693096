// SPDX-License-Identifier: BSD-3-Clause
//
// What an operator does to a listener that runs.

#include "net/listener_core.hpp"
#include "net/listening.hpp"
#include "support/errors.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <stdexcept>

namespace operation_test {

using namespace coppice;
using namespace coppice::test;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

namespace {

class Operation : public listener_fixture {
protected:
  void TearDown() override {
    stop();
  }

  recorder seen;
};

} // namespace

// -- suspend and resume -------------------------------------------------------

TEST_F(Operation, SuspendRefusesNewClientsAndKeepsThoseWhoAreThere) {
  for (auto how : {net::topology::linked, net::topology::supervised}) {
    serve(how);
    auto before = connect();
    ASSERT_EQ(before.ask("a"), "a");

    listener->suspend();
    listener->suspend();

    EXPECT_EQ(listener->state(), net::listener_state::suspended);
    EXPECT_TRUE(wait_until([&] { return !connect().is_connected(); }));
    EXPECT_EQ(before.ask("b"), "b");
    EXPECT_EQ(error_of(listener->resume()), "");
    EXPECT_EQ(listener->state(), net::listener_state::listening);
    EXPECT_EQ(connect().ask("c"), "c");
    EXPECT_EQ(before.ask("d"), "d");
    EXPECT_EQ(listener->counters().errors.of(net::accept_error::fatal), 0U);
    before = connect(); // so that the old one is closed
    stop();
    reactors.clear();
  }
}

TEST_F(Operation, ResumeKeepsThePortThatTheKernelPicked) {
  serve(net::topology::linked);
  auto port = listener->local()->port();

  listener->suspend();
  ASSERT_EQ(error_of(listener->resume()), "");

  EXPECT_EQ(listener->local()->port(), port);
}

TEST_F(Operation, ResumeTakesAnotherPortIfThatIsTakenAndSaysSo) {
  serve(net::topology::linked);
  auto where = *listener->local();
  listener->suspend();
  auto squatter = net::listen_on(where);
  ASSERT_TRUE(squatter) << squatter.error().message;

  EXPECT_EQ(error_of(listener->resume()), "");

  EXPECT_NE(listener->local()->port(), where.port());
  EXPECT_THAT(wait_for(observe::event_kind::listening),
              HasSubstr(to_string(*listener->local())));
  EXPECT_EQ(connect().ask("a"), "a");
}

TEST_F(Operation, ResumeSaysWhyAPortThatWasAskedForCannotBeOpened) {
  auto where = net::listen_on(*net::endpoint::parse("127.0.0.1", 0));
  auto wanted = (*where)->local();
  where->reset();
  serve({.where = wanted});
  listener->suspend();
  auto squatter = net::listen_on(wanted);
  ASSERT_TRUE(squatter) << squatter.error().message;

  EXPECT_THAT(error_of(listener->resume()), HasSubstr("the port is taken"));

  EXPECT_EQ(listener->state(), net::listener_state::suspended);
  squatter->reset();
  EXPECT_EQ(error_of(listener->resume()), "");
  EXPECT_EQ(connect().ask("a"), "a");
}

TEST_F(Operation, SuspendOutlastsACrashOfTheAcceptingSide) {
  serve(net::topology::supervised);
  listener->suspend();
  auto accepting = "top/listener:test/accepting";
  auto before = node(accepting).incarnation;

  ASSERT_TRUE(actor::crash(*rt, accepting, {}));

  EXPECT_TRUE(wait_until(
    [&] { return node(accepting).incarnation > before && all_running(); }));
  EXPECT_EQ(listener->state(), net::listener_state::suspended);
  EXPECT_FALSE(connect().is_connected());
  EXPECT_EQ(error_of(listener->resume()), "");
  EXPECT_EQ(connect().ask("a"), "a");
}

TEST_F(Operation, ListenOptionsCountWhenThePortIsOpenedAgain) {
  serve(net::topology::linked, 2);
  EXPECT_EQ(listener->core().port().port()->sockets(), 1U);

  listener->set_listen_options({.sockets = 2});
  EXPECT_EQ(listener->core().port().port()->sockets(), 1U);
  listener->suspend();
  ASSERT_EQ(error_of(listener->resume()), "");

  EXPECT_EQ(listener->core().port().port()->sockets(), 2U);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(connect().ask("a"), "a");
}

TEST_F(Operation, ServesInheritedSocketsAndLeavesThemOpen) {
  auto given = net::listen_on(*net::endpoint::parse("127.0.0.1", 0));
  serve({.inherited = {(*given)->of(0, 1).front()}});
  EXPECT_EQ(listener->local()->port(), (*given)->local().port());
  EXPECT_EQ(connect().ask("a"), "a");

  listener->suspend();
  auto waiting = connect();
  EXPECT_TRUE(waiting.is_connected());
  ASSERT_TRUE(waiting.sends("b"));
  EXPECT_EQ(error_of(listener->resume()), "");

  EXPECT_EQ(waiting.receive(1), "b");
}

TEST_F(Operation, ServesAUnixSocket) {
  auto path = ::testing::TempDir() + "coppice-operation.sock";
  serve({.where = *net::endpoint::unix_path(path),
         .limits = {.max_per_address = 1}});

  auto a = connect();
  auto b = connect();

  EXPECT_EQ(a.ask("a"), "a");
  EXPECT_EQ(b.ask("b"), "b"); // they have no address to be counted by
}

TEST_F(Operation, WhatIsLeftOfAKilledSupervisorTakesNothingFromItsSuccessor) {
  serve(net::topology::linked);
  auto& reactor = *reactors.front();
  auto later = std::make_shared<std::promise<bool>>();

  EXPECT_EQ(listener->core().port().own("top/listener:test/accepting/port", 1),
            0U);
  reactor.run_soon([this, later] {
    EXPECT_THROW(listener->core().hubs().join(0, "top/old", 1),
                 std::runtime_error);
    later->set_value(true);
  });
  ASSERT_TRUE(later->get_future().get());

  EXPECT_EQ(connect().ask("a"), "a");
}

// -- handlers -----------------------------------------------------------------

TEST_F(Operation, ANewHandlerServesNewConnectionsOnly) {
  serve(net::topology::linked);
  auto before = connect();
  ASSERT_EQ(before.ask("a"), "a");

  listener->set_handler(net::from_behavior([](net::connection& self) {
    return caf::behavior{
      [&self](net::received& what) { self.write("new " + what.bytes); }};
  }));

  auto after = connect();
  ASSERT_TRUE(after.sends("b"));
  EXPECT_EQ(after.receive(5), "new b");
  EXPECT_EQ(before.ask("c"), "c");
}

// -- limits -------------------------------------------------------------------

TEST_F(Operation, MoreClientsOfOneAddressThanAllowedAreClosed) {
  serve(net::topology::linked, 1, 1000, {.max_per_address = 2});
  auto a = connect();
  auto b = connect();
  ASSERT_EQ(a.ask("a"), "a");
  ASSERT_EQ(b.ask("b"), "b");

  auto c = connect();

  EXPECT_EQ(c.receive_all(), "");
  EXPECT_NE(c.ending(), "timeout");
  EXPECT_EQ(listener->counters().rejected_by_address, 1U);
  a.half_close();
  EXPECT_EQ(a.receive_all(), "");
  EXPECT_TRUE(wait_until([&] { return connect().ask("d") == "d"; }));
}

TEST_F(Operation, AnAlarmTellsOfManyConnectionsOnceAPeriod) {
  serve(net::topology::linked, 4, 1000, {.alarm = 2, .alarm_period = 1h});
  auto a = connect();
  ASSERT_EQ(a.ask("a"), "a");
  auto b = connect();
  ASSERT_EQ(b.ask("b"), "b");
  auto c = connect();
  ASSERT_EQ(c.ask("c"), "c");

  std::vector<std::string> alarms;
  for (auto& ev : new_events())
    if (ev.kind == observe::event_kind::alarm)
      alarms.push_back(describe(ev));

  EXPECT_THAT(alarms,
              ::testing::ElementsAre(
                "top/listener:test raises an alarm: 2 connections open"));
}

TEST_F(Operation, AFirstByteTimeoutThatDoesNotEndAConnectionBeginsAnew) {
  constexpr auto limit = 60ms;
  script.timeout = [this](auto&, auto) { seen.add("timeout"); };
  serve(net::topology::linked, 1, 1000, {.first_byte = limit});
  auto begin = std::chrono::steady_clock::now();
  auto a = connect();

  EXPECT_EQ(seen.wait_for(4).size(), 4U);

  EXPECT_GE(std::chrono::steady_clock::now() - begin, 4 * limit);
  EXPECT_EQ(a.ask("a"), "a");
}

TEST_F(Operation, NobodyGetsInBeyondALimitOfZeroUntilItIsRaised) {
  serve(net::topology::linked, 2, 1000, {.max_connections = 0});
  auto waiting = connect();
  ASSERT_TRUE(waiting.sends("a"));
  EXPECT_EQ(listener->active(), 0);

  listener->set_limits({.max_connections = 1});

  EXPECT_EQ(waiting.receive(1), "a");
}

// -- the end ------------------------------------------------------------------

TEST_F(Operation, DrainTellsHandlersAndWaitsForTheLastConnection) {
  script.drain = [this](auto& self) {
    seen.add("drain");
    self.write("finish, please\n");
  };
  serve(net::topology::linked);
  auto a = connect();
  ASSERT_EQ(a.ask("a"), "a");

  listener->drain([this] { seen.add("drained 1"); });
  listener->drain([this] { seen.add("drained 2"); });

  EXPECT_EQ(a.receive(15), "finish, please\n");
  EXPECT_EQ(a.ask("b"), "b");
  EXPECT_EQ(seen.lines(), std::vector<std::string>{"drain"});
  a.half_close();
  a.receive_all();
  EXPECT_THAT(seen.wait_for(3), ::testing::UnorderedElementsAre(
                                  "drain", "drained 1", "drained 2"));
}

TEST_F(Operation, DrainOutlastsACrashOfTheAcceptingSide) {
  serve(net::topology::supervised);
  auto a = connect();
  ASSERT_EQ(a.ask("a"), "a");
  listener->drain([this] { seen.add("drained"); });
  auto accepting = "top/listener:test/accepting";
  auto before = node(accepting).incarnation;

  ASSERT_TRUE(actor::crash(*rt, accepting, {}));

  EXPECT_TRUE(wait_until(
    [&] { return node(accepting).incarnation > before && all_running(); }));
  EXPECT_FALSE(connect().is_connected());
  EXPECT_EQ(a.ask("b"), "b");
  a.half_close();
  a.receive_all();
  EXPECT_EQ(seen.wait_for(1), std::vector<std::string>{"drained"});
}

TEST_F(Operation, ADrainedListenerIsNotResumed) {
  serve(net::topology::linked);
  listener->drain({});

  EXPECT_THAT(error_of(listener->resume()), HasSubstr("drains"));

  EXPECT_FALSE(connect().is_connected());
}

// -- the log of connections ---------------------------------------------------

TEST_F(Operation, EveryConnectionHasOneStartAndOneEndInTheLog) {
  serve(net::topology::linked);
  std::string peer;
  {
    auto a = connect();
    peer = to_string(net::endpoint::local(a.fd()));
    ASSERT_EQ(a.ask("hello"), "hello");
    a.half_close();
    a.receive_all();
  }
  std::vector<std::string> lines;
  ASSERT_TRUE(wait_until([&] {
    rt->connections.drain([&](auto path, auto& record) {
      lines.push_back(std::string{path} + " " + describe(record));
    });
    return lines.size() >= 2;
  }));

  auto hub = "top/listener:test/accepting/acceptors/acceptor:0 ";
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], hub + ("connected: peer " + peer));
  EXPECT_THAT(lines[1], ::testing::StartsWith(
                          hub + ("closed: normal, peer " + peer + ", 0.")));
  EXPECT_THAT(lines[1], ::testing::EndsWith(" s, 5 bytes in, 5 bytes out"));
}

} // namespace operation_test
