// SPDX-License-Identifier: BSD-3-Clause
//
// A server in a test of the kit: its tree, its limits and its end go by the
// clock that the test moves.

#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/spawns.hpp"
#include "coppice/application.hpp"
#include "coppice/server.hpp"
#include "coppice/testing/supervised_test.hpp"

#include <caf/event_based_actor.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace virtual_time_test {

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

// Echoes, and fails at the word "boom".
void careless(net::connection& self, std::string_view data) {
  if (data == "boom")
    throw std::runtime_error{"boom"};
  self.write(data);
}

class worker : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return {[](int) {
      // nop
    }};
  }
};

server_settings named(const std::string& name) {
  return {.name = name, .handler = handled_by(careless), .bind = "127.0.0.1"};
}

constexpr auto acceptor = "acceptor:0";
constexpr auto acceptor_path
  = "shout/listener:shout/accepting/acceptors/acceptor:0";

class ServerInVirtualTime : public supervised_test {};

class ServerInRealTime : public real_time_supervised_test {};

} // namespace

TEST_F(ServerInVirtualTime, EchoesWhileTimeStandsStill) {
  auto& shout = start<server>(named("shout"));
  auto client = connect(shout);

  EXPECT_TRUE(client.echoes(100'000));

  EXPECT_EQ(now(), 0s);
  EXPECT_THAT(history(), alive(acceptor_path));
}

TEST_F(ServerInVirtualTime, LosesOneConnectionWhenAHandlerThrows) {
  auto& shout = start<server>(named("shout"));
  auto careful = connect(shout);
  auto unlucky = connect(shout);
  ASSERT_TRUE(careful.echoes("a"));

  EXPECT_TRUE(unlucky.sends("boom"));

  EXPECT_TRUE(unlucky.is_closed());
  EXPECT_TRUE(careful.echoes("b"));
  EXPECT_THAT(history(), alive(acceptor_path));
}

TEST_F(ServerInVirtualTime, SeesARestartAtOnce) {
  auto& shout = start<server>(named("shout"));
  auto former = connect(shout);
  ASSERT_TRUE(former.echoes("a"));
  mark();

  kill(acceptor);

  EXPECT_THAT(history(), restarted(acceptor_path).times(1));
  EXPECT_THAT(history(), new_incarnation(acceptor_path));
  EXPECT_TRUE(former.is_closed());
  EXPECT_TRUE(connect(shout).echoes("b"));
  EXPECT_EQ(now(), 0s);
}

TEST_F(ServerInVirtualTime, LetsClientsWaitForAnAcceptorThatStartsInAnHour) {
  auto& shout = start<server>(named("shout"));
  arm("actor.start:acceptor:0", "1*delay(3600s)");
  kill(acceptor);
  settle();
  auto client = connect(shout); // the kernel takes it
  ASSERT_TRUE(client.sends("a"));

  advance(59min);
  EXPECT_THAT(history(), Not(restarted(acceptor_path)));
  advance(1min);

  EXPECT_THAT(history(), restarted(acceptor_path).at(1h));
  EXPECT_TRUE(client.receives("a"));
}

TEST_F(ServerInVirtualTime, RestartsAChildAfterItsBackOff) {
  auto settings = named("shout");
  settings.children = {
    {{.id = "worker",
      .backoff = supervision::backoff{.initial = 1h, .limit = 1h, .jitter = 0}},
     actor::spawns<worker>()}};
  auto& shout = start<server>(std::move(settings));

  crash("shout/worker");
  advance(59min);
  EXPECT_THAT(history(), Not(restarted("shout/worker")));
  EXPECT_TRUE(connect(shout).echoes("a"));
  advance(1min);

  EXPECT_THAT(history(), restarted("shout/worker").at(1h).times(1));
}

TEST_F(ServerInVirtualTime, EndsAConnectionThatIsIdleForMinutes) {
  auto settings = named("shout");
  settings.limits.idle = 5min;
  auto& shout = start<server>(std::move(settings));
  auto client = connect(shout);
  ASSERT_TRUE(client.echoes("a"));

  advance(4min);
  EXPECT_TRUE(client.echoes("b")); // from here on it is idle
  advance(4min + 59s);
  EXPECT_EQ(shout.listener()->active(), 1);
  advance(2s);

  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(shout.listener()->active(), 0);
}

TEST_F(ServerInVirtualTime, HasFaultsAtTheSocketsOfItsConnections) {
  auto& shout = start<server>(named("shout"));
  auto client = connect(shout);
  ASSERT_TRUE(client.echoes("a"));

  arm("net.recv", "1*delay(60s)");
  ASSERT_TRUE(client.sends("b"));
  advance(59s);
  EXPECT_EQ(client.received(), 1U);
  advance(2s);

  EXPECT_TRUE(client.receives("b"));
  EXPECT_EQ(faults().fires("net.recv"), 1U);
}

TEST_F(ServerInVirtualTime, GivesUpWithCodeFourWhenItsBudgetIsUsedUp) {
  auto settings = named("shout");
  settings.children = {{{.id = "worker"}, actor::spawns<worker>()}};
  auto& shout = start<server>(std::move(settings));
  auto client = connect(shout);
  ASSERT_TRUE(client.echoes("a"));

  burn_budget("shout");

  EXPECT_EQ(shout.wait(), 4);
  EXPECT_THAT(history(), gave_up("shout"));
  EXPECT_THAT(history(), Not(restarted("shout")));
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerInVirtualTime, ForgetsRestartsThatAreLongAgo) {
  auto settings = named("shout");
  settings.children = {{{.id = "worker"}, actor::spawns<worker>()}};
  (void)start<server>(std::move(settings));

  for (int n = 0; n < 10; ++n) {
    crash("shout/worker");
    advance(1h);
  }

  EXPECT_THAT(history(), restarted("shout/worker").times(10));
  EXPECT_THAT(history(), Not(gave_up("shout")));
}

TEST_F(ServerInVirtualTime, WaitsForItsConnectionsWhenItIsStopped) {
  auto settings = named("shout");
  settings.drain_timeout = 2h;
  auto& shout = start<server>(std::move(settings));
  auto client = connect(shout);
  ASSERT_TRUE(client.echoes("a"));

  shout.stop();

  EXPECT_EQ(shout.wait(), 0);
  EXPECT_GE(now(), 2h);
  EXPECT_LT(now(), 2h + 1min);
  EXPECT_TRUE(client.is_closed());
  EXPECT_THAT(history(), Not(alive("shout")));
}

TEST_F(ServerInVirtualTime, LivesBesideAnother) {
  auto& one = start<server>(named("one"));
  auto& two = start<server>(named("two"));
  auto client = connect(two);
  ASSERT_TRUE(client.echoes("a"));

  one.stop();

  EXPECT_EQ(one.wait(), 0);
  EXPECT_THAT(history(), Not(alive("one")));
  EXPECT_THAT(history(), alive("two"));
  EXPECT_TRUE(client.echoes("b"));
  EXPECT_FALSE(connect(one).is_connected());
}

TEST_F(ServerInVirtualTime, LivesBesideAnApplicationAndOtherChildren) {
  start_supervised({{.id = "alone"}, actor::spawns<worker>()});
  (void)start<application>(
    {.name = "app", .children = {{{.id = "worker"}, actor::spawns<worker>()}}});

  crash("app/worker");
  crash("alone");

  EXPECT_THAT(history(), restarted("app/worker").times(1));
  EXPECT_THAT(history(), restarted("alone").times(1));
}

TEST_F(ServerInVirtualTime, SaysWhyItDoesNotStart) {
  auto& one = start<server>(named("one"));
  auto settings = named("two");
  settings.port = one.port();

  try {
    (void)start<server>(std::move(settings));
    ADD_FAILURE() << "it started";
  } catch (const std::runtime_error& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("the port is taken"));
  }
  EXPECT_THAT(history(), Not(alive("two")));
}

TEST_F(ServerInVirtualTime, HasNoAdminApi) {
  auto settings = named("shout");
  settings.runtime = rt();
  settings.below = "test";
  settings.admin.where = "127.0.0.1:0";
  settings.journal.file = "off";
  server shout{std::move(settings)};

  auto result = shout.start();

  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().usage);
  EXPECT_THAT(result.error().text, HasSubstr("virtual time"));
}

TEST_F(ServerInVirtualTime, HasToSayWhereInATreeThatIsThere) {
  auto nowhere = named("shout");
  nowhere.runtime = rt();
  nowhere.admin.where = "off";
  nowhere.journal.file = "off";
  auto elsewhere = nowhere;
  elsewhere.below = "no/such/supervisor";

  auto first = server{nowhere}.start();
  auto second = server{elsewhere}.start();

  ASSERT_FALSE(first);
  EXPECT_THAT(first.error().text, HasSubstr(".below"));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("no/such/supervisor"));
}

TEST_F(ServerInVirtualTime, DoesNotWaitForAnEndThatCannotCome) {
  auto& shout = start<server>(named("shout"));

  EXPECT_THROW(shout.wait(), std::logic_error);
}

TEST_F(ServerInVirtualTime, RunsUnderEverySchedule) {
  for_each_schedule(10, [this] {
    auto& shout = start<server>(named("shout"));
    EXPECT_TRUE(connect(shout).echoes("a"));
    kill(acceptor);
    EXPECT_THAT(history(), restarted(acceptor_path).times(1));
    EXPECT_TRUE(connect(shout).echoes("b"));
  });
}

TEST_F(ServerInVirtualTime, PathsThatFitSeveralActorsAreRefused) {
  (void)start<server>(named("one"));
  (void)start<server>(named("two"));

  try {
    kill(acceptor);
    ADD_FAILURE() << "it killed one of them";
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(),
                HasSubstr("one/listener:one/accepting/acceptors/acceptor:0"));
  }
}

TEST_F(ServerInRealTime, RunsInTheKitAsWell) {
  auto& shout = start<server>(named("shout"));
  auto client = connect(shout);
  ASSERT_TRUE(client.echoes("a"));

  kill("shout/listener:shout/accepting/acceptors/acceptor:0");

  EXPECT_TRUE(eventually(restarted(acceptor_path)));
  EXPECT_TRUE(connect(shout).echoes("b"));
}

} // namespace virtual_time_test
