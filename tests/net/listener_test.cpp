// SPDX-License-Identifier: BSD-3-Clause

#include "observe/path.hpp"
#include "support/listener_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

namespace listener_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::test;
using observe::event_kind;

namespace {

class Listener : public listener_fixture,
                 public ::testing::WithParamInterface<topology> {
protected:
  void serve() {
    listener_fixture::serve(GetParam());
  }

  std::string hub() const {
    return GetParam() == topology::linked
             ? acceptor_path
             : "top/listener:test/connections/connections:0";
  }

  // Connections are numbered from 1 in the order of their arrival.
  std::string path(int n) const {
    return hub() + "/connection:" + std::to_string(n);
  }
};

auto topology_name(const ::testing::TestParamInfo<topology>& info) {
  return std::string{to_string(info.param)};
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Topologies, Listener,
                         ::testing::Values(topology::linked,
                                           topology::supervised),
                         topology_name);

TEST_P(Listener, ServesEveryClientWithAConnectionOfItsOwn) {
  serve();
  auto a = connect();
  auto b = connect();

  EXPECT_EQ(b.ask("second"), "second");
  EXPECT_EQ(a.ask("first"), "first");
  EXPECT_EQ(listener->active(), 2);
}

TEST_P(Listener, AnExceptionOnConnectEndsThatConnectionAlone) {
  script.connect = [](connection& self) {
    if (self.id() == 2)
      throw std::runtime_error("boom");
  };
  serve();
  auto good = connect();
  EXPECT_EQ(good.ask("x"), "x");
  auto bad = connect();

  EXPECT_EQ(bad.receive_all(), "");
  EXPECT_EQ(good.ask("y"), "y");
}

TEST_P(Listener, AnExceptionOnDataEndsThatConnectionAloneAndIsReported) {
  script.data = [](connection& self, std::string_view bytes) {
    if (bytes == "bang")
      throw std::runtime_error("boom");
    self.write(bytes);
  };
  serve();
  auto good = connect();
  EXPECT_EQ(good.ask("x"), "x");
  auto bad = connect();
  EXPECT_TRUE(bad.sends("bang"));

  EXPECT_EQ(bad.receive_all(), "");
  EXPECT_EQ(good.ask("y"), "y");
  auto told = wait_for(event_kind::connection_crashed);
  EXPECT_EQ(told.find(path(2) + " crashed: boom: peer 127.0.0.1:"), 0U) << told;
}

TEST_P(Listener, AnExceptionOnCloseIsReportedAndHurtsNobody) {
  script.close = [](connection& self, auto&) {
    if (self.id() == 1)
      throw std::runtime_error("late");
  };
  serve();
  { auto bad = connect(); }

  auto told = wait_for(event_kind::connection_crashed);
  EXPECT_EQ(told.find(path(1) + " crashed: late"), 0U) << told;
  auto good = connect();
  EXPECT_EQ(good.ask("y"), "y");
}

TEST_P(Listener, AKilledConnectionLeavesItsAcceptorAndTheOthersAlone) {
  serve();
  auto a = connect();
  auto b = connect();
  EXPECT_EQ(a.ask("x"), "x");
  EXPECT_EQ(b.ask("x"), "x");

  EXPECT_TRUE(listener->crash_connection(path(1), {}));

  EXPECT_EQ(a.receive_all(), "");
  EXPECT_EQ(b.ask("y"), "y");
  EXPECT_EQ(node(acceptor_path).incarnation, 1U);
}

TEST_P(Listener, ShowsTheConnectionsOfAHub) {
  serve();
  auto a = connect();
  EXPECT_EQ(a.ask("x"), "x");

  auto found = listener->connections(hub());

  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->at(0).id, "connection:1");
  EXPECT_EQ(found->at(0).peer, to_string(endpoint::local(a.fd())));
  EXPECT_EQ(found->at(0).bytes_in, 1U);
  EXPECT_EQ(found->at(0).bytes_out, 1U);
  const auto age = found->at(0).age;
  EXPECT_EQ(a.ask("four"), "four");
  found = listener->connections(hub());
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_EQ(found->at(0).bytes_in, 5U);
  EXPECT_GT(found->at(0).age, age);
  EXPECT_FALSE(listener->connections("top/listener:test"));
  EXPECT_FALSE(listener->crash_connection(path(9), {}));
}

TEST_P(Listener, AnAcceptorCrashEndsItsOwnConnectionsOnlyWhereTheyAreLinked) {
  serve();
  auto old = connect();
  EXPECT_EQ(old.ask("x"), "x");

  EXPECT_TRUE(
    actor::crash(*rt, acceptor_path, supervision::exit_reason::abnormal("b")));

  if (GetParam() == topology::linked)
    EXPECT_EQ(old.receive_all(), "");
  else
    EXPECT_EQ(old.ask("y"), "y");
  auto fresh = connect();
  EXPECT_EQ(fresh.ask("z"), "z");
}

TEST_P(Listener, TheEndOfAHubTellsHowManyConnectionsEndWithIt) {
  serve();
  auto a = connect();
  auto b = connect();
  EXPECT_EQ(a.ask("x"), "x");
  EXPECT_EQ(b.ask("x"), "x");

  actor::crash(*rt, hub(), {});

  EXPECT_EQ(a.receive_all(), "");
  EXPECT_EQ(b.receive_all(), "");
  std::vector<std::string> told;
  ASSERT_TRUE(wait_until([&] {
    for (auto& ev : new_events())
      told.push_back(describe(ev));
    return std::count(told.begin(), told.end(),
                      hub() + " exited: killed: 2 connections ended with it")
           == 1;
  }))
    << ::testing::PrintToString(told);
  for (auto& each : told)
    EXPECT_EQ(each.find(" crashed"), std::string::npos) << each;
}

TEST_P(Listener, AClientThatConnectsWhileAnAcceptorRestartsIsNeverRefused) {
  serve();
  for (int i = 0; i < 100; ++i) {
    actor::crash(*rt, acceptor_path, {});
    auto c = connect();
    ASSERT_TRUE(c.is_connected()) << i;
  }
  auto last = connect();
  // The acceptor that takes it may be the one that was just killed.
  EXPECT_TRUE(wait_until([this] { return connect().ask("x") == "x"; }));
}

TEST_P(Listener, ThePortIsOpenedAgainAfterItsOwnerCrashed) {
  serve();
  auto before = to_string(*listener->local());

  EXPECT_TRUE(actor::crash(*rt, "top/listener:test/accepting/port", {}));

  EXPECT_TRUE(wait_until([this] { return connect().ask("x") == "x"; }));
  EXPECT_EQ(to_string(*listener->local()), before);
}

TEST_P(Listener, AnyPartOfTheTreeMayBeKilled) {
  serve();
  for (auto part : {"", "/accepting", "/accepting/acceptors"}) {
    auto path = std::string{"top/listener:test"} + part;
    auto before = node(path).incarnation;

    EXPECT_TRUE(actor::crash(*rt, path, {}));

    EXPECT_TRUE(wait_until(
      [&, this] { return node(path).incarnation > before && all_running(); }))
      << path << ":\n"
      << history();
    EXPECT_EQ(connect().ask("x"), "x");
  }
}

TEST_P(Listener, DrainingRefusesNewClientsAndWaitsForTheOldOnes) {
  serve();
  auto old = connect();
  EXPECT_EQ(old.ask("x"), "x");
  std::promise<void> drained;
  auto done = drained.get_future();

  listener->drain([&] { drained.set_value(); });

  EXPECT_FALSE(connect().is_connected());
  EXPECT_EQ(old.ask("y"), "y");
  EXPECT_EQ(done.wait_for(std::chrono::seconds{0}),
            std::future_status::timeout);
  old.half_close();
  EXPECT_EQ(old.receive_all(), "");
  EXPECT_EQ(done.wait_for(deadline), std::future_status::ready);
}

TEST_P(Listener, DrainingNobodyIsDoneAtOnce) {
  serve();
  bool drained = false;

  listener->drain([&] { drained = true; });

  EXPECT_TRUE(drained);
}

TEST_P(Listener, ClosingKeepsEveryByteAndEndsWithEofNotReset) {
  script.data = [](connection& self, std::string_view bytes) {
    self.write(std::string(1 << 20, 'x'));
    self.write(bytes.substr(0, 3));
    self.close();
    self.write("too late");
  };
  serve();
  auto c = connect();
  EXPECT_TRUE(c.sends("end"));
  EXPECT_TRUE(c.sends("this is never read"));

  auto got = c.receive_all();

  EXPECT_EQ(got.size(), (1U << 20) + 3);
  EXPECT_EQ(got.substr(1 << 20), "end");
  EXPECT_EQ(c.ending(), "eof");
}

TEST_P(Listener, CountsItsConnectionsDownAgain) {
  serve();
  {
    std::vector<client> clients;
    for (int i = 0; i < 50; ++i)
      clients.push_back(connect());
    for (auto& c : clients)
      EXPECT_EQ(c.ask("x"), "x");
    EXPECT_EQ(listener->active(), 50);
  }
  EXPECT_TRUE(wait_until([this] { return listener->active() == 0; }));
  EXPECT_EQ(listener->connections(hub())->size(), 0U);
}

TEST_F(listener_fixture, AKilledConnectionSupervisorTakesOnlyItsOwnAlong) {
  serve(topology::supervised);
  auto old = connect();
  EXPECT_EQ(old.ask("x"), "x");

  EXPECT_TRUE(
    actor::crash(*rt, "top/listener:test/connections/connections:0", {}));

  EXPECT_EQ(old.receive_all(), "");
  auto fresh = connect();
  EXPECT_EQ(fresh.ask("y"), "y");
  EXPECT_EQ(node("top/listener:test/accepting").incarnation, 1U);
}

using LinkedListener = listener_fixture;

// Where they are supervised, a hub that is left alone ends them in order.
TEST_F(LinkedListener, TheSuccessorOfAHubTellsWhatNobodyElseDid) {
  serve(topology::linked);
  auto a = connect();
  EXPECT_EQ(a.ask("x"), "x");
  auto above = observe::parent_of(acceptor_path);

  EXPECT_TRUE(actor::crash(*rt, above, {})); // it sees the end of no child

  EXPECT_EQ(a.receive_all(), "");
  EXPECT_EQ(wait_for(event_kind::notice),
            std::string{acceptor_path}
              + ": its last end was not reported: 1 connection ended with it");
}

} // namespace listener_test
