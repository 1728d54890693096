// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/registry.hpp"
#include "net/stage_chain.hpp"
#include "support/stage_fixture.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fault_stage_test {

using namespace coppice;
using namespace coppice::net;

namespace {

constexpr std::uint32_t both = EPOLLIN | EPOLLOUT;

class FaultStage : public test::stage_fixture {
protected:
  stage_chain& chain() {
    if (!chain_) {
      chain_.emplace(std::move(ours), traffic);
      chain_->faults(host, points);
    }
    return *chain_;
  }

  // What comes, or the name of the error.
  std::string received() {
    char buffer[64];
    auto n = chain().receive(buffer);
    return n < 0 ? ::strerrorname_np(errno)
                 : std::string(buffer, static_cast<std::size_t>(n));
  }

  void time_passes() {
    for (auto& fn : std::exchange(host.later, {}))
      fn();
  }

private:
  std::optional<stage_chain> chain_;
};

} // namespace

TEST(StageChain, IsTheSocketAloneUntilSomethingIsPutIn) {
  fault::registry registry{{.seed = 1}};
  fault_points points{registry};
  traffic_counters traffic;
  test::fake_stage_host host;
  stage_chain chain{net::socket{}, traffic};

  EXPECT_TRUE(chain.only_socket());
  EXPECT_EQ(&chain.top(), &chain.socket_end());

  auto& faults = chain.faults(host, points);

  EXPECT_FALSE(chain.only_socket());
  EXPECT_EQ(&chain.top(), &faults);
  EXPECT_EQ(&chain.faults(host, points), &faults);
}

TEST_F(FaultStage, PassesEverythingWhileNoPointIsArmed) {
  peer_sends("hello");

  EXPECT_EQ(received(), "hello");
  EXPECT_EQ(received(), "EAGAIN");
  EXPECT_EQ(chain().transmit("world"), 5);
  EXPECT_EQ(peer_gets(), "world");
  EXPECT_EQ(traffic.bytes_in.get(), 5U);
  EXPECT_EQ(traffic.bytes_out.get(), 5U);
  EXPECT_EQ(chain().top().interest(both), both);
}

TEST_F(FaultStage, FailsAsItIsTold) {
  fault::armed_for scope{registry, "net.recv", "1*error(ECONNRESET)"};
  peer_sends("hello");

  EXPECT_EQ(received(), "ECONNRESET");
  EXPECT_EQ(received(), "hello");
}

TEST_F(FaultStage, EndsTheInput) {
  fault::armed_for scope{registry, "net.recv", "1*return"};
  peer_sends("hello");

  EXPECT_EQ(received(), "");
}

TEST_F(FaultStage, LosesInputThatTheConnectionHasHeard) {
  fault::armed_for scope{registry, "net.recv", "1*drop"};
  peer_sends("hello");

  EXPECT_EQ(received(), "EAGAIN");

  EXPECT_EQ(host.heard, 1);
  EXPECT_EQ(traffic.bytes_in.get(), 5U);
}

TEST_F(FaultStage, GivesInputTwice) {
  fault::armed_for scope{registry, "net.recv", "1*dup"};
  peer_sends("hello");

  EXPECT_EQ(received(), "hellohello");
}

TEST_F(FaultStage, GivesAllInputTwiceThatFillsTheBuffer) {
  std::string data(64, 'x');
  fault::armed_for scope{registry, "net.recv", "2*dup"};
  peer_sends(data);

  EXPECT_EQ(received() + received(), data + data);
  EXPECT_EQ(received(), "EAGAIN");
}

TEST_F(FaultStage, HoldsUpInputForADelayAndThenLetsItPass) {
  fault::armed_for scope{registry, "net.recv", "1*delay(0ms)"};
  peer_sends("hello");

  EXPECT_EQ(received(), "EAGAIN");
  EXPECT_GT(host.updates, 0);
  time_passes();

  EXPECT_EQ(chain().top().interest(both), both);
  EXPECT_EQ(received(), "hello");
}

TEST_F(FaultStage, WaitsForNoInputWhileItIsLate) {
  fault::armed_for scope{registry, "net.recv", "1*delay(60s)"};
  peer_sends("hello");

  EXPECT_EQ(received(), "EAGAIN");

  EXPECT_EQ(chain().top().interest(both), std::uint32_t{EPOLLOUT});
  ASSERT_EQ(host.later.size(), 1U);
}

TEST_F(FaultStage, LosesOutput) {
  fault::armed_for scope{registry, "net.send", "1*drop"};

  EXPECT_EQ(chain().transmit("hello"), 5);
  EXPECT_EQ(peer_gets(), "");
}

TEST_F(FaultStage, SendsOutputTwice) {
  fault::armed_for scope{registry, "net.send", "1*dup"};

  EXPECT_EQ(chain().transmit("hello"), 5);
  EXPECT_EQ(peer_gets(), "hellohello");
}

TEST_F(FaultStage, TakesAsFewBytesAsItIsTold) {
  fault::armed_for scope{registry, "net.send", "1*return(2)"};

  EXPECT_EQ(chain().transmit("hello"), 2);
  EXPECT_EQ(peer_gets(), "he");
}

TEST_F(FaultStage, RestsBeforeItTriesAgain) {
  fault::armed_for scope{registry, "net.send", "1*error(EAGAIN)"};

  EXPECT_EQ(chain().transmit("hello"), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_FALSE(chain().top().takes_output());
  EXPECT_EQ(chain().top().interest(both), std::uint32_t{EPOLLIN});
  time_passes();

  EXPECT_TRUE(chain().top().takes_output());
  EXPECT_EQ(chain().transmit("hello"), 5);
}

TEST_F(FaultStage, LeavesTheEndOfTheConnectionToIt) {
  fault::armed_for scope{registry, "net.recv", "1*kill"};

  EXPECT_EQ(received(), "EAGAIN");

  ASSERT_EQ(host.applied.size(), 1U);
  EXPECT_EQ(host.applied[0], fault::action_kind::kill);
}

} // namespace fault_stage_test
