// SPDX-License-Identifier: BSD-3-Clause

#include "admin/http_reader.hpp"
#include "admin/http_text.hpp"

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <string_view>

namespace http_reader_test {

using namespace coppice::admin;
using stage = http_reader::stage;

namespace {

// What becomes of the bytes of one request, in one piece. The body is wanted.
stage read_all(http_reader& uut, std::string_view bytes) {
  auto now = uut.feed(bytes);
  return now == stage::judging ? uut.accept_body() : now;
}

int status_of(std::string_view bytes) {
  http_reader uut;
  return read_all(uut, bytes) == stage::failed ? uut.error().status : 0;
}

std::string head_of(std::string_view lines) {
  return "POST /kill HTTP/1.1\r\nHost: a\r\n" + std::string{lines} + "\r\n";
}

constexpr std::size_t kib = 1024;

} // namespace

TEST(HttpReader, ReadsARequestWithoutABody) {
  http_reader uut;

  ASSERT_EQ(uut.feed("GET /tree?a=b HTTP/1.1\r\nhOST: x:1\r\n\r\n"),
            stage::judging);
  EXPECT_EQ(uut.head().method, "GET");
  EXPECT_EQ(uut.head().target, "/tree?a=b");
  EXPECT_EQ(uut.head().field("Host"), "x:1");
  EXPECT_TRUE(uut.head().keep_alive);
  EXPECT_FALSE(uut.head().version_1_0);
  EXPECT_FALSE(uut.head().has_body());
  EXPECT_EQ(uut.accept_body(), stage::done);
  EXPECT_EQ(uut.take_body(), "");
}

TEST(HttpReader, ReadsABodyByLengthAndInChunksByteByByte) {
  for (std::string_view request :
       {"POST /kill HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST /kill HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"}) {
    SCOPED_TRACE(request);
    http_reader uut;
    auto now = uut.now();
    for (auto byte : request) {
      ASSERT_NE(now, stage::done);
      now = read_all(uut, {&byte, 1});
    }

    ASSERT_EQ(now, stage::done);
    EXPECT_TRUE(uut.head().has_body());
    EXPECT_EQ(uut.take_body(), "hello");
    EXPECT_EQ(uut.next(), stage::head);
    EXPECT_FALSE(uut.begun());
  }
}

// Wherever the network cuts it: also where little is left, and less than the
// parser below wants.
TEST(HttpReader, ReadsARequestTheSameHoweverItIsCut) {
  std::string chunked = head_of("Transfer-Encoding: chunked\r\n");
  for (auto& [request, body] : std::map<std::string, std::string>{
         {head_of("Content-Length: 2\r\n") + "{}", "{}"},
         {chunked + "0\r\n\r\n", ""},
         {chunked + "000;x\r\n\r\n", ""},
         {chunked + "0\r\nTrailer: x\r\n\r\n", ""},
         {chunked + "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", "{}"}})
    for (std::size_t first = 0; first <= request.size(); ++first)
      for (auto second = first; second <= request.size(); ++second) {
        SCOPED_TRACE(request + " cut at " + std::to_string(first) + " and "
                     + std::to_string(second));
        http_reader uut;
        read_all(uut, request.substr(0, first));
        read_all(uut, request.substr(first, second - first));
        ASSERT_EQ(read_all(uut, request.substr(second)), stage::done);
        ASSERT_EQ(uut.take_body(), body);
        ASSERT_EQ(uut.next(), stage::head);
        ASSERT_FALSE(uut.begun());
      }
}

TEST(HttpReader, ReadsPipelinedRequestsInOrder) {
  http_reader uut;
  auto now = uut.feed("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
                      "{}\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /c");
  ASSERT_EQ(now, stage::judging);
  ASSERT_EQ(uut.accept_body(), stage::done);
  EXPECT_EQ(uut.take_body(), "{}");

  ASSERT_EQ(uut.next(), stage::judging);
  EXPECT_EQ(uut.head().target, "/b");
  ASSERT_EQ(uut.accept_body(), stage::done);

  EXPECT_EQ(uut.next(), stage::head);
  EXPECT_TRUE(uut.begun());
}

TEST(HttpReader, TakesNoLengthForAnEmptyBody) {
  http_reader uut;
  EXPECT_EQ(read_all(uut, head_of("")), stage::done);
  EXPECT_EQ(uut.take_body(), "");
}

TEST(HttpReader, DoesNotReadABodyThatWasNotAccepted) {
  http_reader uut;
  ASSERT_EQ(uut.feed(head_of("Content-Length: 1000000000\r\n")),
            stage::judging);
  EXPECT_EQ(uut.feed("{"), stage::judging);
  EXPECT_EQ(uut.accept_body(), stage::failed);
  EXPECT_EQ(uut.error().status, 413);
  EXPECT_EQ(uut.buffered(), 0U);
}

TEST(HttpReader, BoundsTheHeadWithAndWithoutLineEnds) {
  std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  EXPECT_EQ(status_of(start + std::string(17 * kib, 'x')), 431);
  EXPECT_EQ(status_of("GET /" + std::string(17 * kib, 'x')), 431);
  std::string lines;
  while (lines.size() < 17 * kib)
    lines += "X: " + std::string(500, 'x') + "\r\n";
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + lines), 431);
  // Just below.
  auto fits = start + std::string(16 * kib - start.size() - 4, 'x');
  EXPECT_EQ(status_of(fits + "\r\n\r\n"), 0);
  EXPECT_EQ(status_of(fits + "x\r\n\r\n"), 431);
}

TEST(HttpReader, BoundsTheNumberOfHeaders) {
  auto with = [](int n) {
    std::string result = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < n; ++i)
      result += "X: y\r\n";
    return result;
  };
  EXPECT_EQ(status_of(with(100) + "\r\n"), 0);
  EXPECT_EQ(status_of(with(101) + "\r\n"), 431);
  EXPECT_EQ(status_of(with(103)), 431); // whether it ends or not
}

TEST(HttpReader, BoundsTheBodyInEitherFraming) {
  std::string fits(64 * kib, 'x');
  auto by_length = [](const std::string& body) {
    return head_of("Content-Length: " + std::to_string(body.size()) + "\r\n")
           + body;
  };
  auto chunked = [](const std::string& body, std::size_t size) {
    auto result = head_of("Transfer-Encoding: chunked\r\n");
    for (std::size_t at = 0; at < body.size(); at += size)
      result += to_chunk(std::string_view{body}.substr(at, size));
    return result + "0\r\n\r\n";
  };
  EXPECT_EQ(status_of(by_length(fits)), 0);
  EXPECT_EQ(status_of(chunked(fits, fits.size())), 0);
  EXPECT_EQ(status_of(by_length(fits + "x")), 413);
  EXPECT_EQ(status_of(chunked(fits + "x", fits.size())), 413);
  EXPECT_EQ(status_of(chunked(fits + "x", 100)), 413);
  // Little is said, at length.
  EXPECT_EQ(status_of(chunked(std::string(60 * kib, 'x'), 1)), 0);
  EXPECT_EQ(status_of(head_of("Transfer-Encoding: chunked\r\n") + "1;"
                      + std::string(600 * kib, 'x')),
            413);
  EXPECT_EQ(status_of(head_of("Transfer-Encoding: chunked\r\n") + "1;"
                      + std::string(20 * kib, 'x')),
            400);
}

TEST(HttpReader, RefusesWhatCouldBeReadInTwoWays) {
  for (auto lines :
       {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2, 2\r\n", "Content-Length: +2\r\n",
        "Content-Length: -2\r\n", "Content-Length: 0x2\r\n",
        "Content-Length:\r\n", "Content-Length: 99999999999999999999999\r\n",
        "Content-Length : 2\r\n", "Content-Length: 2\n",
        "Content-Length: 2\rX: y\r\n", "X: y\r\n Content-Length: 2\r\n",
        "X: a\rb\r\n", "Host: b\r\n", "X\r\n", ": y\r\n", "X y: z\r\n"}) {
    SCOPED_TRACE(lines);
    EXPECT_EQ(status_of(head_of(lines) + "{}"), 400);
  }
  EXPECT_EQ(status_of({"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29}), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400);
}

TEST(HttpReader, KnowsNoOtherCodingThanChunks) {
  for (auto coding : {"gzip", "chunked, gzip", "gzip, chunked", "xchunked",
                      "chunked, chunked",
                      "\x0b"
                      "chunked",
                      "identity"}) {
    SCOPED_TRACE(coding);
    auto status = status_of(
      head_of("Transfer-Encoding: " + std::string{coding} + "\r\n"));
    EXPECT_TRUE(status == 501 || status == 400) << status;
  }
  EXPECT_NE(status_of(head_of("Transfer-Encoding: chunked\r\n"
                              "Transfer-Encoding: chunked\r\n")),
            0);
}

TEST(HttpReader, RefusesBadChunks) {
  for (auto body : {"x\r\n", "-1\r\n", "fffffffffffffffff\r\n", "1\r\nab\r\n",
                    "1\nab", " 1\r\na\r\n", "0x1\r\na\r\n"}) {
    SCOPED_TRACE(body);
    http_reader uut;
    EXPECT_EQ(read_all(uut, head_of("Transfer-Encoding: chunked\r\n") + body
                              + "\r\n0\r\n\r\n"),
              stage::failed);
    EXPECT_EQ(uut.error().status, 400);
  }
}

TEST(HttpReader, RefusesWhatIsNoRequest) {
  for (auto bytes : {"hello\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n",
                     "\x16\x03\x01\x02\r\n\r\n", "GET / FTP/1.1\r\n\r\n",
                     "GET /a b HTTP/1.1\r\n\r\n", "\n\n", "GET /\n"}) {
    SCOPED_TRACE(bytes);
    EXPECT_THAT(status_of(bytes), ::testing::AnyOf(400, 505));
  }
  auto status = status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_TRUE(status == 505 || status == 400) << status;
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n"),
            417);
}

TEST(HttpReader, StaysWhereItFailed) {
  http_reader uut;
  ASSERT_EQ(uut.feed("\n"), stage::failed);
  EXPECT_EQ(uut.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), stage::failed);
  EXPECT_EQ(uut.buffered(), 0U);
}

TEST(HttpReader, KnowsWhenTheConnectionIsToStay) {
  auto keeps = [](std::string_view request) {
    http_reader uut;
    uut.feed(request);
    return uut.head().keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(HttpText, ReadsTargets) {
  auto of = [](std::string target) {
    http_head head{.method = "GET", .target = std::move(target)};
    head.fields.emplace_back("Host", "header");
    return to_request(head);
  };
  auto req = of("/a%2Fb%zz+c?x=1%262&y&=z&p=a+b&x=3");
  EXPECT_EQ(req.path, "/a/b%zz+c");
  EXPECT_EQ(req.query, (std::map<std::string, std::string>{
                         {"x", "1&2"}, {"y", ""}, {"", "z"}, {"p", "a b"}}));
  EXPECT_EQ(req.host, "header");
  EXPECT_EQ(of("http://other:1/tree?a=b").host, "other:1");
  EXPECT_EQ(of("http://other:1/tree?a=b").path, "/tree");
  EXPECT_EQ(of("http://other?a=b").path, "/");
  EXPECT_EQ(of("*").path, "*");
  EXPECT_EQ(of("other:443").path, "");
}

TEST(HttpText, WritesAnswers) {
  EXPECT_EQ(to_bytes({200, "{}", "application/json", {{"Allow", "GET"}}},
                     after_answer::close, false),
            "HTTP/1.1 200 OK\r\nAllow: GET\r\nContent-Type: application/json"
            "\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
  EXPECT_EQ(to_bytes({200, "{}", "text/plain"}, after_answer::keep, true),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(to_bytes({200, "", "x", {{"A", "b\r\nC: d"}}},
                     after_answer::keep_1_0, false),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(to_chunk("0123456789abcdef"), "10\r\n0123456789abcdef\r\n");
}

} // namespace http_reader_test
