// SPDX-License-Identifier: BSD-3-Clause
//
// The checker against servers that are right, and wrong on purpose.

#include "nemesis/checking_clients.hpp"
#include "support/flawed_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <utility>

namespace checking_clients_test {

using namespace coppice;
using namespace coppice::nemesis;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

constexpr auto deadline = 20s;
constexpr std::size_t late = 20'000; // bytes into a connection

// A server whose flaw shows once the phase `during` has begun.
class CheckingClients : public testing::Test {
protected:
  // Has clients ask until the flaw has come `times` times, then heals it.
  check_report check(test::flawed_server::flaw flaw, unsigned clients = 3,
                     int times = 1) {
    std::atomic<int> left = 0;
    test::flawed_server server{[&](std::string& data, std::size_t sent) {
      if (left <= 0 || sent < late)
        return true;
      --left;
      return flaw(data, sent);
    }};
    check_options options{.server = resolve(server.authority()).value(),
                          .clients = clients,
                          .patience = patience,
                          .patience_during = patience,
                          .pause = 1ms};
    checking_clients all{options};
    left = times;
    all.enter(check_phase::during);
    auto until = std::chrono::steady_clock::now() + deadline;
    while (left > 0 && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    EXPECT_LE(left, 0) << "the flaw never showed";
    all.enter(check_phase::after);
    return all.finish();
  }

  static std::string first_of(const check_report& report) {
    return report.first.empty() ? "" : to_string(report.first.front());
  }

  std::chrono::milliseconds patience = 10s;
};

} // namespace

TEST_F(CheckingClients, FindNothingWhereNothingIsWrong) {
  auto report = check([](auto&, auto) { return true; }, 200, 100);

  EXPECT_EQ(report.violations, 0U) << first_of(report);
  EXPECT_EQ(report.served_after, 200U);
  EXPECT_GE(report.connections, 200U);
  EXPECT_GE(report.bytes, late);
  auto& after = report.took[static_cast<std::size_t>(check_phase::after)];
  EXPECT_GE(after.count(), 200U);
  EXPECT_LE(after.percentile(50), after.percentile(99));
  EXPECT_LE(after.percentile(99), after.longest());
}

TEST_F(CheckingClients, FindAByteThatIsLost) {
  auto report = check([](std::string& data, auto) {
    data.erase(data.size() / 2, 1);
    return true;
  });

  EXPECT_EQ(report.violations, 1U);
  EXPECT_THAT(first_of(report), HasSubstr(": client "));
  EXPECT_GE(report.first.at(0).offset, late);
}

TEST_F(CheckingClients, FindAByteThatIsDoubled) {
  auto report = check([](std::string& data, auto) {
    data.insert(data.size() / 2, 1, data[data.size() / 2]);
    return true;
  });

  EXPECT_EQ(report.violations, 1U);
  EXPECT_THAT(first_of(report), HasSubstr("expected "));
}

TEST_F(CheckingClients, FindAByteThatIsAnother) {
  char right = 0;
  char wrong = 0;
  std::size_t at = 0;
  auto flawed = false;
  // One client, which goes on: so it has seen the wrong byte before the phase
  // ends.
  auto report = check(
    [&](std::string& data, std::size_t sent) {
      if (std::exchange(flawed, true))
        return true;
      at = sent + data.size() / 2;
      right = data[data.size() / 2];
      wrong = data[data.size() / 2] ^= 1;
      return true;
    },
    1, 20);

  EXPECT_EQ(report.violations, 1U);
  EXPECT_EQ(report.first.at(0).offset, at);
  EXPECT_EQ(report.first.at(0).phase, check_phase::during);
  char expected[64];
  std::snprintf(expected, sizeof expected, "expected %02x",
                static_cast<unsigned char>(right));
  EXPECT_THAT(report.first.at(0).what, StartsWith(expected));
  std::snprintf(expected, sizeof expected, "received %02x",
                static_cast<unsigned char>(wrong));
  EXPECT_THAT(report.first.at(0).what, HasSubstr(expected));
}

TEST_F(CheckingClients, FindBytesThatNobodySent) {
  auto report = check([](std::string& data, auto) {
    data += "more";
    return true;
  });

  EXPECT_EQ(report.violations, 1U);
  EXPECT_THAT(first_of(report), HasSubstr("received "));
}

TEST_F(CheckingClients, FindAConnectionThatNeitherAnswersNorEnds) {
  patience = 1s;
  auto report = check([](std::string& data, auto) {
    data.clear();
    return true;
  });

  EXPECT_GE(report.violations, 1U);
  EXPECT_THAT(first_of(report), HasSubstr("or the end of the connection"));
}

TEST_F(CheckingClients, AcceptConnectionsThatEndWhileFaultsAreDone) {
  std::atomic<bool> ended = false;
  test::flawed_server server{[&](std::string&, std::size_t sent) {
    return sent < late || ended.exchange(true);
  }};
  check_options options{
    .server = resolve(server.authority()).value(), .clients = 1, .pause = 1ms};
  checking_clients all{options};
  all.enter(check_phase::during);
  auto until = std::chrono::steady_clock::now() + deadline;
  while (!ended && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();

  auto report = all.finish();

  EXPECT_TRUE(ended);
  EXPECT_EQ(report.violations, 0U) << first_of(report);
  EXPECT_EQ(report.ended, 1U);
}

TEST_F(CheckingClients, FindConnectionsThatEndWhileNothingIsWrong) {
  std::atomic<bool> ended = false;
  test::flawed_server server{
    [&](std::string&, std::size_t) { return ended.exchange(true); }};
  check_options options{
    .server = resolve(server.authority()).value(), .clients = 1, .pause = 1ms};
  checking_clients all{options};
  auto until = std::chrono::steady_clock::now() + deadline;
  while (!ended && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();

  auto report = all.finish();

  EXPECT_EQ(report.violations, 1U);
  EXPECT_THAT(first_of(report), StartsWith("before, at "));
  EXPECT_THAT(first_of(report), HasSubstr("to last while nothing is wrong"));
}

TEST_F(CheckingClients, FindThatNobodyListensAfterwards) {
  auto where = [] {
    test::flawed_server server{[](auto&, auto) { return true; }};
    return resolve(server.authority()).value();
  }();
  EXPECT_FALSE(connect_to(where));
  check_options options{.server = where, .clients = 2, .patience = 100ms};
  checking_clients all{options};
  all.enter(check_phase::after);

  auto report = all.finish();

  EXPECT_EQ(report.served_after, 0U);
  EXPECT_GE(report.violations, 2U);
  EXPECT_THAT(first_of(report), HasSubstr("Connection refused"));
}

TEST(Addresses, AreHostAndPort) {
  EXPECT_TRUE(resolve("127.0.0.1:80"));
  EXPECT_TRUE(resolve("localhost:80"));
  EXPECT_TRUE(resolve("[::1]:80"));
  for (auto text : {"", "localhost", ":80", "localhost:", "localhost:http"})
    EXPECT_FALSE(resolve(text)) << text;
}

TEST(Latencies, KeepPercentilesToWithinThreePercent) {
  latencies all;
  EXPECT_EQ(all.percentile(50), 0us);
  for (int i = 1; i <= 10'000; ++i)
    all.add(std::chrono::microseconds{i});

  EXPECT_EQ(all.count(), 10'000U);
  EXPECT_NEAR(static_cast<double>(all.percentile(50).count()), 5000, 160);
  EXPECT_NEAR(static_cast<double>(all.percentile(99).count()), 9900, 310);
  EXPECT_EQ(all.percentile(100), 10'000us);
  EXPECT_EQ(all.longest(), 10'000us);
}

// -- TLS ----------------------------------------------------------------------

namespace {

// What clients with TLS say about a server that does that to their hello.
check_report shake_hands_with(test::flawed_server::flaw flaw) {
  std::atomic<bool> asked = false;
  test::flawed_server server{[&](std::string& data, std::size_t sent) {
    asked = true;
    return flaw(data, sent);
  }};
  check_options options{.server = resolve(server.authority()).value(),
                        .clients = 1,
                        .patience = 300ms,
                        .tls
                        = net::tls_client::make({.verifies = false}).value()};
  checking_clients all{options};
  auto until = std::chrono::steady_clock::now() + deadline;
  while (!asked && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  return all.finish();
}

} // namespace

TEST(CheckingTls, FindsAHandshakeThatIsNotAnswered) {
  auto report = shake_hands_with([](std::string& data, auto) {
    data.clear();
    return true;
  });

  ASSERT_GE(report.violations, 1U); // on a slow machine it comes again
  EXPECT_THAT(report.first.at(0).what,
              HasSubstr("handshake was not over within the limit"));
  EXPECT_EQ(report.handshakes, 0U);
}

TEST(CheckingTls, FindsAServerThatAnswersSomethingElse) {
  auto report = shake_hands_with([](std::string& data, auto) {
    data = "HTTP/1.1 400 Bad Request\r\n\r\n";
    return true;
  });

  ASSERT_GE(report.violations, 1U); // on a slow machine it comes again
  EXPECT_THAT(report.first.at(0).what,
              StartsWith("expected a connection: TLS"));
}

} // namespace checking_clients_test
