// SPDX-License-Identifier: BSD-3-Clause

#include "support/listener_fixture.hpp"

#include <future>
#include <stdexcept>

#include <gmock/gmock.h>

namespace behavior_test {

using namespace coppice;
using namespace coppice::test;
using namespace std::chrono_literals;

namespace {

class Behavior : public listener_fixture {
protected:
  void TearDown() override {
    stop();
  }

  void serve_function(net::behavior_function fn, net::limits limits = {}) {
    serve({.where = *net::endpoint::parse("127.0.0.1", 0),
           .make_handler = net::from_behavior(std::move(fn)),
           .limits = limits});
  }

  recorder seen;
};

} // namespace

TEST_F(Behavior, AFunctionIsAProtocol) {
  serve_function([](net::connection& self) {
    return caf::behavior{
      [&self](net::received& what) { self.write(what.bytes); }};
  });

  auto a = connect();

  EXPECT_EQ(a.ask("hello"), "hello");
  a.half_close(); // not handled: closed
  EXPECT_EQ(a.receive_all(), "");
  EXPECT_EQ(a.ending(), "eof");
}

TEST_F(Behavior, SeesTheWholeLifeOfItsConnection) {
  serve_function([this](net::connection& self) {
    seen.add("connected");
    return caf::behavior{
      [this](net::received& what) { seen.add(what.bytes); },
      [this](net::draining) { seen.add("draining"); },
      [this, &self](net::half_closed) {
        seen.add("half closed");
        self.close();
      },
      [this](net::closed& what) { seen.add(to_string(what.reason)); },
    };
  });
  auto a = connect();
  ASSERT_TRUE(a.sends("data"));
  seen.wait_for(2);
  listener->drain({});
  seen.wait_for(3);

  a.half_close();

  EXPECT_THAT(seen.wait_for(5),
              ::testing::ElementsAre("connected", "data", "draining",
                                     "half closed", "normal"));
}

TEST_F(Behavior, HearsOtherActors) {
  std::promise<caf::actor> handle;
  serve_function([&](net::connection& self) {
    handle.set_value(self.handle());
    return caf::behavior{
      [&self](const std::string& text) { self.write(text); }};
  });
  auto a = connect();
  auto who = handle.get_future().get();

  actor::deliver(who, 42); // not handled: ignored
  actor::deliver(who, std::string{"hello"});

  EXPECT_EQ(a.receive(5), "hello");
}

TEST_F(Behavior, ATimeoutThatItDoesNotHandleEndsTheConnection) {
  serve_function(
    [](net::connection&) { return caf::behavior{[](net::received&) {}}; },
    {.idle = 50ms});

  auto a = connect();

  EXPECT_EQ(a.receive_all(), "");
  EXPECT_EQ(a.ending(), "eof");
}

TEST_F(Behavior, ATimeoutThatItHandlesDoesNot) {
  serve_function(
    [](net::connection& self) {
      return caf::behavior{[&self](net::timed_out what) {
        self.write(std::string{to_string(what.what)} + "\n");
      }};
    },
    {.idle = 50ms});

  auto a = connect();

  EXPECT_EQ(a.receive(10), "idle\nidle\n");
}

TEST_F(Behavior, AFunctionThatThrowsEndsItsConnectionAlone) {
  serve_function([](net::connection& self) -> caf::behavior {
    if (self.id() == 1)
      throw std::runtime_error("boom");
    return {[&self](net::received& what) { self.write(what.bytes); }};
  });

  auto a = connect();
  EXPECT_EQ(a.receive_all(), "");
  EXPECT_THAT(wait_for(observe::event_kind::connection_crashed),
              ::testing::HasSubstr("boom"));
  EXPECT_EQ(connect().ask("a"), "a");
}

} // namespace behavior_test
