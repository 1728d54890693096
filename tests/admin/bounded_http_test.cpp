// SPDX-License-Identifier: BSD-3-Clause

#include "admin/bounded_http.hpp"

#include "support/flawed_server.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bounded_http_test {

using namespace coppice::admin;
using namespace std::chrono_literals;
using failure_kind = http_failure::kind;
using ::testing::HasSubstr;

namespace {

failure_kind failure_of(std::string_view text) {
  auto result = parse_answer(text);
  EXPECT_FALSE(result) << text;
  return result ? failure_kind::unreachable : result.error().what;
}

std::string mistake_in(std::string_view text) {
  auto result = parse_authority(text);
  return result ? "none" : result.error();
}

const std::string request = "GET / HTTP/1.0\r\n\r\n";

// A port that nobody listens on, or that accepts one client.
class one_client {
public:
  explicit one_client(bool listens)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&where);
    socklen_t length = sizeof where;
    EXPECT_EQ(::bind(socket_.fd(), address, length), 0);
    EXPECT_EQ(::getsockname(socket_.fd(), address, &length), 0);
    if (listens) {
      EXPECT_EQ(::listen(socket_.fd(), 1), 0);
    }
    authority_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
  }

  const std::string& authority() const {
    return authority_;
  }

  // Reads a request, sends `part` and resets the connection.
  void reset_after(const std::string& part) {
    coppice::net::socket client{
      ::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC)};
    char room[4096];
    EXPECT_GT(::recv(client.fd(), room, sizeof room, 0), 0);
    EXPECT_EQ(::send(client.fd(), part.data(), part.size(), 0),
              static_cast<ssize_t>(part.size()));
    linger hard{1, 0};
    ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }

private:
  coppice::net::socket socket_;
  std::string authority_;
};

} // namespace

TEST(ParseAuthority, ReadsHostsAddressesAndUnixSockets) {
  EXPECT_EQ(parse_authority("127.0.0.1:6060")->port, 6060);
  EXPECT_EQ(parse_authority("server-1.example:80")->host, "server-1.example");
  EXPECT_EQ(parse_authority("[::1]:6060")->host, "::1");
  EXPECT_EQ(parse_authority("[fe80::1%lo]:1")->host, "fe80::1%lo");
  EXPECT_EQ(parse_authority("unix:/run/a.sock")->unix_path, "/run/a.sock");
  EXPECT_FALSE(parse_authority("a:1")->tls);
  EXPECT_TRUE(parse_authority("https://a:1")->tls);
  EXPECT_EQ(parse_authority("https://[::1]:6061/")->host, "::1");
  EXPECT_EQ(parse_authority("https://[::1]:6061/")->port, 6061);
}

TEST(ParseAuthority, SaysWhatWasMeant) {
  EXPECT_THAT(mistake_in("127.0.0.1"), HasSubstr("mean 127.0.0.1:6060?"));
  EXPECT_THAT(mistake_in("http://a:1/b"), HasSubstr("mean a:1?"));
  EXPECT_THAT(mistake_in("https://a"), HasSubstr("mean https://a:6060?"));
  EXPECT_THAT(mistake_in("https://a:1/b"), HasSubstr("mean https://a:1?"));
  EXPECT_THAT(mistake_in(":6061"), HasSubstr("mean 127.0.0.1:6061?"));
  EXPECT_THAT(mistake_in("6061"), HasSubstr("mean 127.0.0.1:6061?"));
  EXPECT_THAT(mistake_in("::1"), HasSubstr("mean [::1]:6060?"));
  EXPECT_THAT(mistake_in("/run/a.sock"), HasSubstr("mean unix:/run/a.sock?"));
  EXPECT_THAT(mistake_in("foo:bar"), HasSubstr("\"bar\" is no port"));
}

TEST(ParseAuthority, RefusesWhatIsNone) {
  for (auto text :
       {"", ":", "a:", "a:0", "a:65536", "a:-1", "a:1x", "[:1", "a b:1",
        "a\r\nX: y:1", "unix:", "https://", "https://unix:/a",
        "https://https://a:1", "a/b:1", "::1:6060:x"})
    EXPECT_FALSE(parse_authority(text)) << text;
}

TEST(ParseAnswer, ReadsWholeAnswers) {
  auto with_length
    = parse_answer("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}x");
  ASSERT_TRUE(with_length);
  EXPECT_EQ(with_length->status, 404);
  EXPECT_EQ(with_length->body, "{}");

  auto without = parse_answer("HTTP/1.0 200 OK\r\n\r\nall of it");
  ASSERT_TRUE(without);
  EXPECT_EQ(without->body, "all of it");
}

TEST(ParseAnswer, KnowsWhatIsNoAnswer) {
  EXPECT_EQ(failure_of(""), failure_kind::broken);
  EXPECT_EQ(failure_of("HTT"), failure_kind::broken);
  EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nA: b"), failure_kind::broken);
  EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd"),
            failure_kind::broken);
  EXPECT_EQ(failure_of("SSH-2.0-OpenSSH_9.2\r\n"), failure_kind::foreign);
  EXPECT_EQ(failure_of("HTTP/1.1 x\r\n\r\n"), failure_kind::foreign);
  EXPECT_EQ(failure_of("HTTP/1.1\r\n\r\n"), failure_kind::foreign);
  EXPECT_EQ(failure_of("HTTP/1.1 -20 OK\r\n\r\n"), failure_kind::foreign);
}

TEST(ParseAnswer, TakesAnyBytes) {
  std::mt19937 random{20261128};
  const std::string whole
    = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nA: b\r\n\r\n{\"a\": [1, 2]}";
  for (int round = 0; round < 50'000; ++round) {
    auto text = whole.substr(0, random() % (whole.size() + 1));
    for (auto left = random() % 4; left > 0 && !text.empty(); --left)
      text[random() % text.size()] = static_cast<char>(random());

    auto result = parse_answer(text);

    if (result) {
      ASSERT_LE(result->body.size(), text.size());
    }
  }
}

TEST(AskHttp, GivesUpOnAnAnswerWithoutEnd) {
  coppice::test::flawed_server drips{[](std::string& data, std::size_t) {
    data = "HTTP/1.1 200 OK\r\n";
    return true;
  }};
  answer_bounds bounds{.answer = 200ms};

  auto result = ask_http(*parse_authority(drips.authority()), request, bounds);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, failure_kind::silent);
  EXPECT_EQ(result.error().text, "no whole answer within 200 ms");
}

TEST(AskHttp, SaysThatNothingCame) {
  coppice::test::flawed_server mute{[](std::string& data, std::size_t) {
    data.clear();
    return true;
  }};
  answer_bounds bounds{.answer = 1000ms};

  auto result = ask_http(*parse_authority(mute.authority()), request, bounds);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, failure_kind::silent);
  EXPECT_EQ(result.error().text, "no answer within 1 s");
}

TEST(AskHttp, DoesNotWaitForTheRestOfWhatIsNotHttp) {
  coppice::test::flawed_server greets{[](std::string& data, std::size_t) {
    data = "220 mail.example ESMTP\r\n";
    return true;
  }};
  answer_bounds bounds{.answer = 2000ms};

  auto result = ask_http(*parse_authority(greets.authority()), request, bounds);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, failure_kind::foreign);
}

TEST(AskHttp, SaysThatNobodyListens) {
  one_client nobody{false};

  auto result = ask_http(*parse_authority(nobody.authority()), request);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, failure_kind::unreachable);
  EXPECT_EQ(result.error().text, "Connection refused");
}

TEST(AskHttp, SaysThatTheConnectionWasReset) {
  for (std::string part : {"", "HTTP/1.1 200 OK\r\n\r\nhalf a bo"}) {
    one_client server{true};
    std::thread resets{[&] { server.reset_after(part); }};

    auto result = ask_http(*parse_authority(server.authority()), request);
    resets.join();

    ASSERT_FALSE(result) << part;
    EXPECT_EQ(result.error().what, failure_kind::broken);
    EXPECT_EQ(result.error().text,
              part.empty() ? "it reset the connection"
                           : "it reset the connection in the middle of its "
                             "answer");
  }
}

TEST(AskHttp, WaitsForAUnixSocketWhoseQueueIsFull) {
  auto path = std::filesystem::temp_directory_path()
              / ("bounded-http-" + std::to_string(::getpid()));
  auto where = *coppice::net::endpoint::unix_path(path.string());
  coppice::net::socket listening{
    ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(listening.fd(), where.data(), where.size()), 0);
  ASSERT_EQ(::listen(listening.fd(), 0), 0);
  std::vector<coppice::net::socket> queue;
  do
    queue.emplace_back(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  while (::connect(queue.back().fd(), where.data(), where.size()) == 0);
  ASSERT_EQ(errno, EAGAIN);
  answer_bounds bounds{.connect = 200ms};

  auto result
    = ask_http(*parse_authority("unix:" + path.string()), request, bounds);
  std::filesystem::remove(path);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, failure_kind::silent);
  EXPECT_EQ(result.error().text, "no connection within 200 ms");
}

TEST(AskHttp, TakesNoMoreThanItsBounds) {
  coppice::test::flawed_server floods{[](std::string& data, std::size_t) {
    data = "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x');
    return true;
  }};
  answer_bounds bounds{.body_bytes = 10'000};

  auto result = ask_http(*parse_authority(floods.authority()), request, bounds);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "its answer is too large");
}

TEST(InUrl, EncodesWhatWouldEndOrSplitAPath) {
  EXPECT_EQ(in_url("actor.start:coppice/a"), "actor.start:coppice/a");
  EXPECT_EQ(in_url("a b?c#d%e\r\n"), "a%20b%3Fc%23d%25e%0D%0A");
}

} // namespace bounded_http_test
