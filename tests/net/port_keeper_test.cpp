// SPDX-License-Identifier: BSD-3-Clause

#include "net/port_keeper.hpp"
#include "support/errors.hpp"

#include <sys/socket.h>

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace port_keeper_test {

using namespace coppice::net;
using coppice::test::error_of;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

namespace {

// A client of that port; without one if it is refused.
coppice::net::socket client_of(const endpoint& where) {
  coppice::net::socket result{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (::connect(result.fd(), where.data(), where.size()) != 0)
    result.close();
  return result;
}

// Whether a client waits there.
bool has_client(const port& of) {
  return coppice::net::socket{::accept(of.of(0, 1).front(), nullptr, nullptr)}
           .fd()
         >= 0;
}

class PortKeeper : public ::testing::Test, public port_keeper::observer {
protected:
  std::vector<std::string> seen;
  port_keeper keeper{*endpoint::parse("127.0.0.1", 0), {}, {}, *this};

private:
  void on_port_change() override {
    seen.push_back(keeper.port() ? "open" : "closed");
  }

  void on_last_client(coppice::net::socket,
                      const coppice::observe::peer_address&) override {
    seen.push_back("last client");
  }

  void on_suspended() override {
    seen.push_back("suspended");
  }

  void on_listening() override {
    seen.push_back("listening");
  }

  void on_draining() override {
    seen.push_back("draining");
  }

  void on_down() override {
    seen.push_back("down");
  }
};

} // namespace

TEST_F(PortKeeper, IsClosedUntilAnActorOwnsIt) {
  EXPECT_EQ(keeper.state(), listener_state::down);
  EXPECT_FALSE(keeper.local());

  auto owner = keeper.own("top/port", 1);

  EXPECT_NE(owner, 0U);
  EXPECT_EQ(keeper.owner(), owner);
  EXPECT_EQ(keeper.owner_path(), "top/port");
  EXPECT_EQ(keeper.state(), listener_state::listening);
  EXPECT_NE(keeper.local()->port(), 0);
  EXPECT_THAT(seen, ElementsAre("open"));
}

TEST_F(PortKeeper, ClosesWithItsOwnerButNotWithAFormerOne) {
  auto first = keeper.own("top/port", 1);
  auto second = keeper.own("top/port", 2);
  ASSERT_NE(first, second);

  keeper.disown(first);
  EXPECT_TRUE(keeper.port());

  keeper.disown(second);
  EXPECT_FALSE(keeper.port());
  EXPECT_EQ(keeper.owner(), 0U);
}

TEST_F(PortKeeper, GivesThePortToAcceptorsOfItsOwnersTimeAlone) {
  auto first = keeper.own("top/port", 1);
  ASSERT_TRUE(keeper.port(first));

  keeper.own("top/port", 2);

  EXPECT_FALSE(keeper.port(first));
  EXPECT_TRUE(keeper.port());
}

TEST_F(PortKeeper, RefusesWhatAnOlderSupervisorStarted) {
  auto owner = keeper.own("top/port", 2);

  EXPECT_EQ(keeper.own("top/port", 1), 0U);

  EXPECT_EQ(keeper.open_error(), taken_over);
  EXPECT_TRUE(keeper.port(owner));
}

TEST_F(PortKeeper, SaysWhyThePortCannotBeOpened) {
  auto squatter = listen_on(*endpoint::parse("127.0.0.1", 0));
  ASSERT_TRUE(squatter) << squatter.error().message;
  port_keeper other{(*squatter)->local(), {}, {}, *this};

  EXPECT_EQ(other.own("top/port", 1), 0U);

  EXPECT_THAT(other.open_error(), HasSubstr("the port is taken"));
  EXPECT_EQ(other.state(), listener_state::down);
}

TEST_F(PortKeeper, OpensAgainWhereItWas) {
  keeper.own("top/port", 1);
  auto port = keeper.local()->port();
  seen.clear();

  keeper.suspend();
  keeper.suspend();
  EXPECT_FALSE(keeper.accepts());
  EXPECT_EQ(keeper.state(), listener_state::suspended);
  EXPECT_EQ(error_of(keeper.resume()), "");
  EXPECT_EQ(error_of(keeper.resume()), "");

  EXPECT_TRUE(keeper.accepts());
  EXPECT_EQ(keeper.local()->port(), port);
  EXPECT_THAT(seen, ElementsAre("closed", "suspended", "open", "listening"));
}

TEST_F(PortKeeper, StaysClosedForANewOwnerWhileItIsSuspended) {
  keeper.suspend();

  EXPECT_NE(keeper.own("top/port", 1), 0U);
  EXPECT_FALSE(keeper.port());

  EXPECT_EQ(error_of(keeper.resume()), "");
  EXPECT_TRUE(keeper.port());
}

TEST_F(PortKeeper, ResumeWithoutAnOwnerLeavesItToTheNextOne) {
  keeper.suspend();
  seen.clear();

  EXPECT_EQ(error_of(keeper.resume()), "");
  EXPECT_THAT(seen, IsEmpty());

  keeper.own("top/port", 1);
  EXPECT_TRUE(keeper.port());
}

TEST_F(PortKeeper, ClosesForGoodWhenItDrains) {
  keeper.own("top/port", 1);
  seen.clear();

  EXPECT_TRUE(keeper.drain());
  EXPECT_FALSE(keeper.drain());

  EXPECT_THAT(seen, ElementsAre("closed", "draining"));
  EXPECT_EQ(keeper.state(), listener_state::draining);
  EXPECT_TRUE(keeper.refuses());
  EXPECT_THAT(error_of(keeper.resume()), HasSubstr("drains"));
  EXPECT_NE(keeper.own("top/port", 2), 0U);
  EXPECT_FALSE(keeper.port());
}

TEST_F(PortKeeper, GivesAwayThoseWhoWaitBeforeItCloses) {
  keeper.own("top/port", 1);
  auto where = *keeper.local();
  coppice::net::socket client{
    ::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::connect(client.fd(), where.data(), where.size()), 0);
  seen.clear();

  keeper.suspend();

  EXPECT_THAT(seen, ElementsAre("last client", "closed", "suspended"));
}

TEST_F(PortKeeper, AToxicTakesItDownAndUp) {
  keeper.own("top/port", 1);
  seen.clear();

  EXPECT_EQ(error_of(keeper.update_down([] { return true; })), "");
  EXPECT_TRUE(keeper.refuses());
  EXPECT_FALSE(keeper.port());
  EXPECT_THAT(error_of(keeper.resume()), HasSubstr("a toxic has it down"));
  EXPECT_EQ(error_of(keeper.update_down([] { return true; })), "");
  EXPECT_EQ(error_of(keeper.update_down([] { return false; })), "");

  EXPECT_THAT(seen,
              ElementsAre("closed", "closed", "down", "open", "listening"));
}

TEST_F(PortKeeper, WithoutTheToxicASuspendedPortStaysClosed) {
  keeper.own("top/port", 1);
  (void)keeper.update_down([] { return true; });
  keeper.suspend();

  EXPECT_EQ(error_of(keeper.update_down([] { return false; })), "");

  EXPECT_FALSE(keeper.port());
  EXPECT_EQ(keeper.state(), listener_state::suspended);
}

TEST_F(PortKeeper, NewOptionsCountTheNextTime) {
  keeper.own("top/port", 1);

  keeper.set_options({.sockets = 2});
  EXPECT_EQ(keeper.port()->sockets(), 1U);
  keeper.suspend();
  ASSERT_EQ(error_of(keeper.resume()), "");

  EXPECT_EQ(keeper.port()->sockets(), 2U);
}

// -- sharing ------------------------------------------------------------------

TEST_F(PortKeeper, IsClosedUntilItIsResumedIfItIsHeld) {
  keeper.hold();

  EXPECT_NE(keeper.own("top/port", 1), 0U);
  EXPECT_EQ(keeper.state(), listener_state::suspended);
  EXPECT_THAT(seen, IsEmpty());

  ASSERT_TRUE(keeper.resume());
  EXPECT_EQ(keeper.state(), listener_state::listening);
}

TEST_F(PortKeeper, LeavesClientsToWhomItSharesItsSocketsWith) {
  keeper.own("top/port", 1);
  auto where = *keeper.local();
  port_keeper successor{where, {}, {}, *this};
  successor.use_shared(keeper.share(), where);
  successor.own("top/port", 1);
  successor.own_alone();

  auto early = client_of(where);
  keeper.drain();
  auto late = client_of(where);

  EXPECT_TRUE(early && late);
  EXPECT_THAT(seen, Not(Contains("last client")));
  EXPECT_TRUE(has_client(*successor.port()));
  EXPECT_TRUE(has_client(*successor.port()));
  successor.suspend();
  EXPECT_FALSE(client_of(where)) << "its own alone, it can close the port";
}

TEST_F(PortKeeper, HasSharedSocketsAgainAfterItsOwnerCrashed) {
  auto owner = keeper.own("top/port", 1);
  auto where = *keeper.local();
  auto copies = keeper.share();
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_TRUE(keeper.is_shared());

  keeper.disown(owner);
  auto meanwhile = client_of(where);
  keeper.own("top/port", 2);

  EXPECT_TRUE(meanwhile) << "they stay open without an owner";
  EXPECT_TRUE(has_client(*keeper.port()));
}

TEST_F(PortKeeper, OwnsItsSocketsAloneAgainIfNobodyTookThem) {
  keeper.own("top/port", 1);
  auto where = *keeper.local();
  (void)keeper.share(); // and the process that got them has ended

  keeper.own_alone();
  keeper.suspend();

  EXPECT_FALSE(keeper.is_shared());
  EXPECT_FALSE(client_of(where));
}

TEST_F(PortKeeper, HasNothingToShareWhileItIsClosed) {
  EXPECT_THAT(keeper.share(), IsEmpty());
}

} // namespace port_keeper_test
