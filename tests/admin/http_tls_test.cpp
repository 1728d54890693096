// SPDX-License-Identifier: BSD-3-Clause
//
// The port of the admin API with TLS.

#include "admin/bounded_http.hpp"
#include "admin/http_port.hpp"
#include "net/tls/client.hpp"
#include "support/listener_fixture.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace http_tls_test {

using namespace coppice;
using namespace coppice::admin;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {

constexpr std::size_t large = 8 * 1024 * 1024;

class HttpTls : public test::actor_fixture {
protected:
  void TearDown() override {
    uut.reset();
    workers.reset();
  }

  void serve() {
    certificate = files.write("admin");
    auto made = net::tls_context::make({.certificates = {{certificate}}});
    ASSERT_TRUE(made) << made.error();
    auto answer = [](const request& req) -> std::variant<response, event_feed> {
      if (req.path == "/large")
        return response{200, std::string(large, 'x'), "text/plain"};
      return response{200, req.method + req.path + ":" + req.body,
                      "text/plain"};
    };
    auto opened = net::listen_on(*net::endpoint::parse("127.0.0.1", 0));
    ASSERT_TRUE(opened) << opened.error().message;
    local = (*opened)->local();
    workers = std::make_unique<worker_pool>();
    uut = std::make_shared<http_port>(
      rt, *std::move(opened),
      std::make_shared<const http_service>(
        http_service{.refuse = [](auto&) { return std::optional<response>{}; },
                     .lane_of = [](auto&) { return lane::look; },
                     .answer = answer,
                     .tls = [context = *made] { return context; }}),
      *workers, limits);
    uut->start([](auto) {
      // nop
    });
  }

  test::client connect() const {
    test::client result{local};
    EXPECT_TRUE(result.is_connected());
    return result;
  }

  expected<http_answer, http_failure> ask(const std::string& what) const {
    auto trust = net::tls_client::make({.ca_file = certificate});
    EXPECT_TRUE(trust);
    return ask_http({"127.0.0.1", local.port(), {}, true}, what, {}, *trust);
  }

  http_limits limits;
  test::tls_files files;
  std::string certificate;
  net::endpoint local;
  std::unique_ptr<worker_pool> workers;
  std::shared_ptr<http_port> uut;
};

} // namespace

TEST_F(HttpTls, AnswersLargeAndSmall) {
  serve();

  auto small = ask("GET /a HTTP/1.0\r\n\r\n");
  auto much = ask("GET /large HTTP/1.0\r\n\r\n");

  ASSERT_TRUE(small) << small.error().text;
  EXPECT_EQ(small->body, "GET/a:");
  ASSERT_TRUE(much) << much.error().text;
  EXPECT_TRUE(much->body == std::string(large, 'x'));
}

TEST_F(HttpTls, AnswersPipelinedRequestsOfOneRecordInTheirOrder) {
  serve();
  test::tls_client peer{local};
  ASSERT_EQ(peer.shake_hands(), "");

  peer.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
            "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
            "GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  auto got = peer.receive(1 << 20);

  auto a = got.find("GET/a:");
  auto b = got.find("POST/b:{}");
  auto c = got.find("GET/c:");
  EXPECT_NE(c, got.npos) << got;
  EXPECT_TRUE(a < b && b < c) << got;
  EXPECT_EQ(peer.ending(), "goodbye");
}

TEST_F(HttpTls, ReadsABodyOfManyRecords) {
  serve();
  test::tls_client peer{local};
  ASSERT_EQ(peer.shake_hands(), "");
  std::string body(60'000, 'y');

  peer.send("POST /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            "Content-Length: 60000\r\n\r\n");
  for (std::size_t at = 0; at < body.size(); at += 1000)
    peer.send(std::string_view{body}.substr(at, 1000));

  // Not by a matcher, which would print all of it.
  EXPECT_TRUE(peer.receive(1 << 20).ends_with("POST/b:" + body));
}

TEST_F(HttpTls, ClosesHandshakesThatStallAndAnswersMeanwhile) {
  limits.handshake = 200ms;
  serve();
  std::vector<test::client> stalled;
  for (int i = 0; i < 30; ++i) {
    stalled.push_back(connect());
    if (i % 2 == 0) {
      EXPECT_TRUE(stalled.back().sends("\x16\x03\x01"));
    }
  }
  auto begin = steady_clock::now();

  EXPECT_TRUE(ask("GET /a HTTP/1.0\r\n\r\n"));

  for (auto& each : stalled)
    EXPECT_EQ(each.receive_all(), "");
  EXPECT_GE(steady_clock::now() - begin, 150ms);
}

TEST_F(HttpTls, StalledHandshakesMakeRoom) {
  limits.places = 4;
  limits.patience = 50ms;
  serve();
  std::vector<test::client> stalled;
  for (int i = 0; i < 4; ++i)
    stalled.push_back(connect());

  EXPECT_TRUE(ask("GET /a HTTP/1.0\r\n\r\n"));

  EXPECT_EQ(stalled.front().receive_all(), "");
}

TEST_F(HttpTls, TellsPlainClientsWhatIsSpoken) {
  serve();
  auto peer = connect();
  EXPECT_TRUE(peer.sends("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"));

  auto got = peer.receive_all();

  EXPECT_THAT(got, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(got, HasSubstr("https://"));
  EXPECT_EQ(peer.ending(), "eof");
}

TEST_F(HttpTls, GoesOnAfterAClientThatDoesNotTrustIt) {
  serve();
  auto trust = net::tls_client::make({});
  ASSERT_TRUE(trust);

  auto got = ask_http({"127.0.0.1", local.port(), {}, true},
                      "GET / HTTP/1.0\r\n\r\n", {}, *trust);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().what, http_failure::kind::distrusted);
  EXPECT_TRUE(ask("GET /a HTTP/1.0\r\n\r\n"));
}

} // namespace http_tls_test
