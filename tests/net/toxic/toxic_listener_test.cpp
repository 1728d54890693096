// SPDX-License-Identifier: BSD-3-Clause

#include "support/errors.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace toxic_listener_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::test;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// The toxics of a listener, and those of one of its connections.

namespace {

using kind = toxic_refusal::kind;

constexpr auto up = toxic_stream::upstream;
constexpr auto down = toxic_stream::downstream;

class ToxicListener : public listener_fixture {
protected:
  void serve(unsigned acceptors = 1) {
    listener_fixture::serve(topology::linked, acceptors);
  }

  void add(toxic what, std::optional<std::uint64_t> connection = {}) {
    auto added = listener->add_toxic(std::move(what), connection);
    EXPECT_TRUE(added) << added.error().message;
  }

  kind why(const toxic_result& result) {
    EXPECT_FALSE(result);
    return result ? kind::failed : result.error().why;
  }

  bool balanced() {
    return wait_until([this] {
      auto sum = listener->counters();
      return sum.accepted == sum.closed;
    });
  }
};

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                       {});
}

} // namespace

TEST_F(ToxicListener, ListsItsToxicsInTheirOrder) {
  serve();
  EXPECT_FALSE(listener->has_toxics());

  add({latency_toxic{1ms}});
  add({slicer_toxic{10}, up, 0.5, "knife"});

  auto all = listener->toxics();
  ASSERT_THAT(*all, SizeIs(2));
  EXPECT_EQ(all->at(0).what.name, "latency_downstream");
  EXPECT_EQ(all->at(1).what.name, "knife");
  EXPECT_EQ(all->at(1).what.toxicity, 0.5);
}

TEST_F(ToxicListener, RefusesWhatCannotBe) {
  serve();
  add({latency_toxic{}});

  EXPECT_EQ(why(listener->add_toxic({latency_toxic{}})), kind::taken);
  EXPECT_EQ(why(listener->add_toxic({latency_toxic{}, up, 2})), kind::invalid);
  EXPECT_EQ(why(listener->add_toxic({slicer_toxic{}})), kind::invalid);
  EXPECT_EQ(why(listener->add_toxic({down_toxic{}}, 1)), kind::invalid);
  EXPECT_EQ(why(listener->add_toxic({slicer_toxic{1}}, 77)), kind::unknown);
  EXPECT_EQ(why(listener->remove_toxic("x")), kind::unknown);
  EXPECT_EQ(why(listener->remove_toxic("latency_downstream", 1)),
            kind::unknown);
  EXPECT_EQ(why(listener->update_toxic({latency_toxic{}, down, 1, "x"})),
            kind::unknown);
  EXPECT_EQ(why(listener->update_toxic(
              {slicer_toxic{1}, down, 1, "latency_downstream"})),
            kind::invalid);
  EXPECT_THAT(*listener->toxics(), SizeIs(1));
}

TEST_F(ToxicListener, TellsOfItsToxics) {
  serve();

  add({latency_toxic{100ms}});
  EXPECT_EQ(wait_for(observe::event_kind::fault_armed),
            "fault at top/listener:test: toxic latency_downstream "
            "(downstream, latency 100, jitter 0)");
  EXPECT_TRUE(listener->remove_toxic("latency_downstream"));
  EXPECT_EQ(wait_for(observe::event_kind::fault_cleared),
            "fault cleared at top/listener:test: toxic "
            "latency_downstream");
}

TEST_F(ToxicListener, HasToxicsOfOneConnection) {
  std::promise<std::uint64_t> id;
  script.data = [&](connection& self, std::string_view data) {
    if (data == "id")
      id.set_value(self.id());
    self.write(data);
  };
  serve(2);
  auto one = connect();
  auto other = connect();
  EXPECT_EQ(one.ask("id"), "id");
  auto number = id.get_future().get();

  add({limit_data_toxic{0}}, number);

  EXPECT_EQ(other.ask("x"), "x");
  (void)one.sends("x");
  EXPECT_EQ(one.receive_all(), "");
  EXPECT_EQ(one.ending(), "eof");
  EXPECT_TRUE(wait_until([this] { return !listener->has_toxics(); }))
    << "they are forgotten with their connection";
}

TEST_F(ToxicListener, PutsAToxicOnAShareOfConnections) {
  serve();
  add({limit_data_toxic{0}, down, 0.5});
  int spared = 0;
  for (int i = 0; i < 100; ++i)
    spared += connect().ask("x") == "x" ? 1 : 0;

  EXPECT_GT(spared, 20);
  EXPECT_LT(spared, 80);
}

TEST_F(ToxicListener, PicksTheSameConnectionsForTheSameSeed) {
  auto picks = [this] {
    listener_fixture::serve(
      {.where = *endpoint::parse("127.0.0.1", 0), .toxic_seed = 42});
    add({limit_data_toxic{0}, down, 0.5});
    std::string result;
    for (int i = 0; i < 32; ++i)
      result += connect().ask("x") == "x" ? 'o' : 'x';
    stop();
    reactors.clear();
    return result;
  };

  auto first = picks();

  EXPECT_THAT(first, HasSubstr("x"));
  EXPECT_THAT(first, HasSubstr("o"));
  EXPECT_EQ(picks(), first);
}

TEST_F(ToxicListener, SharesABandwidthAmongItsConnections) {
  constexpr std::size_t each = 20'000;
  serve(2);
  add({bandwidth_toxic{100, 1}});
  std::vector<client> peers;
  for (int i = 0; i < 3; ++i)
    peers.push_back(connect());
  auto begin = std::chrono::steady_clock::now();

  for (auto& peer : peers)
    EXPECT_TRUE(peer.sends(std::string(each, 'x')));
  for (auto& peer : peers)
    EXPECT_EQ(peer.receive(each), std::string(each, 'x'));

  // 60 kB at 100 kB/s; each alone would take 200 ms.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 600ms);
}

TEST_F(ToxicListener, GivesTheWholeBandwidthWhenItIsNotSharedAnyMore) {
  serve();
  add({bandwidth_toxic{0, 1}});
  auto peer = connect();
  EXPECT_TRUE(peer.sends("x"));

  EXPECT_TRUE(listener->update_toxic(
    {bandwidth_toxic{1000}, down, 1, "bandwidth_downstream"}));

  EXPECT_EQ(peer.receive(1), "x");
}

// -- down ---------------------------------------------------------------------

TEST_F(ToxicListener, IsDownWhileAToxicHasItSo) {
  serve(2);
  auto peer = connect();
  EXPECT_EQ(peer.ask("x"), "x");
  auto where = *listener->local();

  add({down_toxic{}});

  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_TRUE(wait_until([&] { return !client{where}.is_connected(); }));
  EXPECT_EQ(listener->state(), listener_state::down);
  EXPECT_THAT(error_of(listener->resume()), HasSubstr("toxic"));
  EXPECT_TRUE(balanced());

  EXPECT_TRUE(listener->remove_toxic("down_downstream"));

  EXPECT_EQ(listener->state(), listener_state::listening);
  EXPECT_EQ(client{where}.ask("y"), "y");
}

TEST_F(ToxicListener, StaysDownThroughACrashOfItsPort) {
  serve();
  add({down_toxic{}});
  constexpr auto port = "top/listener:test/accepting/port";
  auto before = node(port).incarnation;
  actor::crash(*rt, port, {});
  EXPECT_TRUE(wait_until([&] {
    auto now = node(port);
    return now.incarnation > before
           && now.state == observe::node_state::running;
  }));

  EXPECT_EQ(listener->state(), listener_state::down);
  EXPECT_TRUE(listener->remove_all_toxics());
  EXPECT_TRUE(wait_until([this] { return connect().ask("x") == "x"; }));
}

TEST_F(ToxicListener, StaysSuspendedWhenItIsNotDownAnyMore) {
  serve();
  listener->suspend();
  add({down_toxic{}});

  EXPECT_TRUE(listener->remove_all_toxics());

  EXPECT_EQ(listener->state(), listener_state::suspended);
  EXPECT_EQ(error_of(listener->resume()), "");
  EXPECT_EQ(connect().ask("x"), "x");
}

// -- many times ---------------------------------------------------------------

TEST_F(ToxicListener, LeavesNothingBehindAfterAHundredRounds) {
  const std::vector<toxic_effect> effects{
    latency_toxic{1ms, 1ms}, bandwidth_toxic{1000},    slow_close_toxic{1ms},
    timeout_toxic{1ms},      reset_peer_toxic{1ms},    slicer_toxic{2, 1, 10us},
    limit_data_toxic{3},     limit_time_toxic{1ms},    packet_loss_toxic{1000},
    corrupt_toxic{1000},     bandwidth_toxic{1000, 1}, down_toxic{}};
  serve(2);
  EXPECT_EQ(connect().ask("x"), "x");
  EXPECT_TRUE(balanced());
  auto before = open_descriptors();

  for (int round = 0; round < 100; ++round) {
    auto old = connect();
    (void)old.sends("12345");
    auto& effect = effects[static_cast<std::size_t>(round) % effects.size()];
    add({effect, round % 3 == 0 ? up : down});
    auto young = connect();
    (void)young.sends("12345");
    if (round % 2 == 0)
      young.half_close();
    EXPECT_TRUE(listener->remove_all_toxics());
  }

  EXPECT_TRUE(balanced());
  EXPECT_TRUE(wait_until([&] { return open_descriptors() <= before; }))
    << open_descriptors() << " descriptors, not " << before;
  EXPECT_EQ(connect().ask("still there"), "still there");
  EXPECT_TRUE(all_running());
}

} // namespace toxic_listener_test
