// SPDX-License-Identifier: BSD-3-Clause
//
// How fast a server takes clients and bytes, by the clock that the test moves.

#include "coppice/net/toxic/toxic.hpp"
#include "coppice/server.hpp"
#include "coppice/testing/supervised_test.hpp"

#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rates_test {

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::Ge;

namespace {

// A token may be used two ticks after it is there.
constexpr auto ticks = 40ms;

std::string first_connection(const net::listener& of) {
  return of.path() + "/accepting/acceptors/acceptor:0/connection:1";
}

class Rates : public supervised_test {
protected:
  net::listener& serve(const net::limits& limits, unsigned acceptors = 1) {
    server_settings settings{
      .name = "echo",
      .handler = handled_by(
        [](net::connection& self, std::string_view data) { self.write(data); }),
      .bind = "127.0.0.1",
      .limits = limits};
    settings.acceptors = acceptors;
    server_ = &start<server>(std::move(settings));
    return *server_->listener();
  }

  tcp_client connect() {
    return supervised_test::connect(*server_);
  }

  net::traffic counters() {
    settle();
    return server_->listener()->counters();
  }

  // What has arrived by now.
  std::size_t got(const tcp_client& from) {
    settle();
    std::array<char, 4096> into;
    std::size_t result = 0;
    for (;;) {
      auto n = ::recv(from.fd(), into.data(), into.size(), MSG_DONTWAIT);
      if (n <= 0)
        return result;
      result += static_cast<std::size_t>(n);
    }
  }

  void wait_in_the_backlog(unsigned acceptors);

private:
  server* server_ = nullptr;
};

} // namespace

// -- clients ------------------------------------------------------------------

void Rates::wait_in_the_backlog(unsigned acceptors) {
  auto& uut = serve({.accept_rate = 1, .accept_burst = 3}, acceptors);
  std::vector<tcp_client> clients;
  for (int i = 0; i < 5; ++i)
    clients.push_back(connect());
  ASSERT_TRUE(clients.back().sends("a"));

  EXPECT_EQ(counters().accepted, 3U);
  advance(900ms);
  EXPECT_EQ(counters().accepted, 3U);
  advance(100ms + ticks);
  EXPECT_EQ(counters().accepted, 4U);
  advance(1s);
  EXPECT_EQ(counters().accepted, 5U);

  EXPECT_TRUE(clients.back().receives("a"));
  EXPECT_GE(uut.counters().accept_pauses, 1U);
  // Each acceptor at most once for each token, and at first.
  EXPECT_LE(uut.counters().accept_pauses, 3U * acceptors);
}

TEST_F(Rates, ClientsWaitInTheBacklogForAToken) {
  wait_in_the_backlog(1);
}

TEST_F(Rates, ClientsOfSeveralAcceptorsWaitForTheSameTokens) {
  wait_in_the_backlog(4);
}

TEST_F(Rates, AnAcceptorThatHasNoClientsDoesNotPause) {
  serve({.accept_rate = 1, .accept_burst = 1});
  auto one = connect();
  ASSERT_TRUE(one.echoes("a"));

  advance(10s);

  EXPECT_EQ(counters().accept_pauses, 0U);
}

TEST_F(Rates, AHigherAcceptRateCountsAtOnce) {
  auto& uut = serve({.accept_rate = 1, .accept_burst = 1});
  auto one = connect();
  auto two = connect();
  auto three = connect();
  EXPECT_EQ(counters().accepted, 1U);

  uut.set_limits({.accept_rate = 1, .accept_burst = 2});
  EXPECT_EQ(counters().accepted, 3U);
  auto four = connect();
  EXPECT_EQ(counters().accepted, 3U);
  uut.set_limits({});

  EXPECT_EQ(counters().accepted, 4U);
  EXPECT_TRUE(four.echoes("a"));
  EXPECT_EQ(now(), 0s);
}

TEST_F(Rates, APauseByARateSurvivesOtherChanges) {
  auto& uut = serve({.accept_rate = 1, .accept_burst = 1});
  auto one = connect();
  auto two = connect();
  EXPECT_EQ(counters().accepted, 1U);

  uut.set_limits({.max_connections = 9, .accept_rate = 1, .accept_burst = 1});

  EXPECT_EQ(counters().accepted, 1U);
  advance(1s + ticks);
  EXPECT_EQ(counters().accepted, 2U);
}

TEST_F(Rates, AClientTooManyOfAnAddressIsClosedAndCounted) {
  serve({.accept_rate_per_address = 1, .accept_burst_per_address = 2});
  auto one = connect();
  auto two = connect();
  ASSERT_TRUE(one.echoes("a"));
  ASSERT_TRUE(two.echoes("b"));

  auto three = connect();

  EXPECT_TRUE(three.is_closed());
  EXPECT_EQ(counters().rejected_by_rate, 1U);
  EXPECT_EQ(counters().rejected_by_address, 0U);
  advance(1s);
  EXPECT_TRUE(connect().echoes("d"));
  EXPECT_TRUE(one.echoes("e"));
}

TEST_F(Rates, AClientThatIsTooManyAtATimeTakesNoTokenOfItsAddress) {
  serve({.max_per_address = 1,
         .accept_rate_per_address = 1,
         .accept_burst_per_address = 2});
  auto one = connect();
  ASSERT_TRUE(one.echoes("a"));
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(connect().is_closed());
  one.close();
  settle();

  EXPECT_TRUE(connect().echoes("b"));
  EXPECT_EQ(counters().rejected_by_address, 5U);
  EXPECT_EQ(counters().rejected_by_rate, 0U);
}

// -- bytes --------------------------------------------------------------------

TEST_F(Rates, BytesOfAConnectionComeAtItsRateAndNoneIsLost) {
  serve({.read_rate = 100, .read_burst = 200});
  auto client = connect();
  std::string text;
  for (int i = 0; text.size() < 600; ++i)
    text += std::to_string(i) + ",";
  ASSERT_TRUE(client.sends(text));

  EXPECT_EQ(counters().bytes_in, 200U);
  advance(1s);
  EXPECT_GE(counters().bytes_in, 290U);
  EXPECT_LE(counters().bytes_in, 300U);
  advance(2s);
  EXPECT_GE(counters().bytes_in, 490U);
  EXPECT_LE(counters().bytes_in, 500U);
  advance(2s);

  EXPECT_TRUE(client.receives(text));
  EXPECT_GE(counters().read_pauses, 1U);
}

TEST_F(Rates, EachConnectionHasItsOwnBytes) {
  serve({.read_rate = 100});
  auto one = connect();
  auto two = connect();

  ASSERT_TRUE(one.sends(std::string(150, 'x')));
  ASSERT_TRUE(two.sends(std::string(150, 'x')));

  EXPECT_EQ(got(one), 100U);
  EXPECT_EQ(got(two), 100U);
}

TEST_F(Rates, ConnectionsOfAnAddressShareItsBytesFairly) {
  constexpr std::size_t each = 4000;
  serve({.read_rate_per_address = 1000, .read_burst_per_address = 1000}, 2);
  std::vector<tcp_client> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().sends(std::string(each, 'x')));
  }
  EXPECT_LE(counters().bytes_in, 1000U);

  advance(4s);

  auto sum = counters().bytes_in;
  EXPECT_GE(sum, 4900U);
  EXPECT_LE(sum, 5000U);
  std::vector<std::size_t> shares;
  for (auto& client : clients)
    shares.push_back(got(client));
  EXPECT_THAT(shares, Each(Ge(800U)));
  advance(12s);
  EXPECT_EQ(counters().bytes_in, 4 * each);
}

TEST_F(Rates, TheStricterOfTwoRatesCounts) {
  serve({.read_rate = 100, .read_rate_per_address = 150});
  auto one = connect();
  auto two = connect();
  ASSERT_TRUE(one.sends(std::string(1000, 'x')));
  ASSERT_TRUE(two.sends(std::string(1000, 'x')));

  EXPECT_GE(counters().bytes_in, 149U); // one waits with a token of both
  EXPECT_LE(counters().bytes_in, 150U);
  advance(4s);

  EXPECT_GE(counters().bytes_in, 730U);
  EXPECT_LE(counters().bytes_in, 750U);
}

TEST_F(Rates, APauseOfTheServerIsNoSilenceOfThePeer) {
  auto& uut = serve({.first_byte = 500ms, .idle = 500ms, .read_rate = 1});
  auto client = connect();
  ASSERT_TRUE(client.sends("12345"));

  advance(4s + ticks);
  EXPECT_EQ(counters().bytes_in, 5U);
  EXPECT_EQ(uut.active(), 1);
  EXPECT_TRUE(client.receives("12345"));
  advance(1s + 500ms + ticks);

  EXPECT_TRUE(client.is_closed());
}

TEST_F(Rates, AnEndComesBehindTheBytes) {
  serve({.read_rate = 10});
  auto client = connect();
  ASSERT_TRUE(client.sends(std::string(50, 'x')));
  client.half_close();

  advance(5s);

  EXPECT_EQ(client.receive_all(), std::string(50, 'x'));
  EXPECT_EQ(client.ending(), "eof");
}

TEST_F(Rates, AChangeFreesAConnectionThatIsPaused) {
  auto& uut = serve({.read_rate = 1});
  auto one = connect();
  ASSERT_TRUE(one.sends(std::string(3000, 'x')));
  EXPECT_EQ(counters().bytes_in, 1U);

  uut.set_limits({.read_rate = 1000});
  EXPECT_EQ(counters().bytes_in, 1001U);
  uut.set_limits({});
  EXPECT_EQ(counters().bytes_in, 3000U);

  EXPECT_EQ(now(), 0s);
  EXPECT_TRUE(one.receives(std::string(3000, 'x')));
}

TEST_F(Rates, AnotherChangeLeavesAConnectionPaused) {
  auto& uut = serve({.read_rate = 1});
  auto one = connect();
  ASSERT_TRUE(one.sends("123"));
  EXPECT_EQ(counters().bytes_in, 1U);

  uut.set_limits({.alarm = 7, .read_rate = 1});

  EXPECT_EQ(counters().bytes_in, 1U);
  advance(1s + ticks);
  EXPECT_EQ(counters().bytes_in, 2U);
}

TEST_F(Rates, ConcernConnectionsThatWereThereBefore) {
  auto& uut = serve({});
  auto client = connect();
  ASSERT_TRUE(client.echoes(10'000));

  uut.set_limits({.read_rate = 100});
  settle();
  ASSERT_TRUE(client.sends(std::string(500, 'x')));

  EXPECT_EQ(got(client), 100U);
  advance(4s + ticks);
  EXPECT_EQ(got(client), 400U);
}

TEST_F(Rates, AConnectionThatIsSuspendedWhileItIsPausedGoesOn) {
  auto& uut = serve({.read_rate = 1});
  auto client = connect();
  ASSERT_TRUE(client.sends("123"));
  EXPECT_EQ(counters().bytes_in, 1U);

  ASSERT_TRUE(uut.suspend_connection(first_connection(uut), true));
  advance(10s);
  EXPECT_EQ(counters().bytes_in, 1U);
  ASSERT_TRUE(uut.suspend_connection(first_connection(uut), false));
  advance(2s + ticks);

  EXPECT_TRUE(client.receives("123"));
}

TEST_F(Rates, HoldBehindToxics) {
  auto& uut = serve({.read_rate = 100});
  auto client = connect();
  ASSERT_TRUE(client.echoes("a"));
  ASSERT_TRUE(
    uut.add_toxic({net::latency_toxic{100ms}, net::toxic_stream::upstream}));
  advance(1s);

  ASSERT_TRUE(client.sends(std::string(500, 'x')));

  EXPECT_EQ(got(client), 0U);
  advance(100ms + ticks);
  auto first = got(client);
  EXPECT_GE(first, 100U);
  EXPECT_LE(first, 105U);
  advance(4s + ticks);
  EXPECT_EQ(got(client), 500U - first);
}

TEST_F(Rates, AConnectionThatEndsGivesBackWhatItDidNotRead) {
  auto& uut = serve({.read_rate_per_address = 1});
  auto first = connect();
  ASSERT_TRUE(first.sends("12"));
  EXPECT_EQ(counters().bytes_in, 1U); // and it has reserved the next one

  ASSERT_TRUE(uut.crash_connection(first_connection(uut), {}));
  settle();
  auto second = connect();
  ASSERT_TRUE(second.sends("1"));

  advance(1s + ticks);

  EXPECT_TRUE(second.receives("1"));
}

} // namespace rates_test
