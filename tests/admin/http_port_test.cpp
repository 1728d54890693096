// SPDX-License-Identifier: BSD-3-Clause

#include "admin/http_port.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace http_port_test {

using namespace coppice;
using namespace coppice::admin;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

class HttpPort : public test::actor_fixture {
protected:
  void TearDown() override {
    free.set_value();
    uut.reset();
    workers.reset();
  }

  // /wait is answered once `free` is set; whatever it is called, /403 is
  // refused by its head, and others are answered with what they are.
  // /who says who asks, and /stream is one.
  static std::shared_ptr<const http_service>
  service(std::shared_future<void> freed, std::atomic<int>& waiting,
          actor::runtime_ptr rt) {
    auto answer = [freed, &waiting, rt](
                    const request& req) -> std::variant<response, event_feed> {
      static const std::vector<net::listener_ptr> no_listeners;
      if (req.path == "/stream")
        return event_feed{rt, no_listeners, 0, "{}"};
      if (req.path == "/who")
        return response{200,
                        req.from == sender::owner        ? "owner"
                        : req.from == sender::other_user ? "another"
                                                         : "anybody",
                        "text/plain"};
      if (req.path.ends_with("/wait")) {
        ++waiting;
        freed.wait();
      }
      if (req.path == "/large")
        return response{200, std::string(8 * 1024 * 1024, 'x'), "text/plain"};
      if (req.path == "/throw")
        throw std::runtime_error("as it should");
      return response{200, req.method + req.path + ":" + req.body,
                      "text/plain"};
    };
    auto refuse = [](const request& req) -> std::optional<response> {
      if (req.path == "/403")
        return response{403, "no", "text/plain"};
      return {};
    };
    auto lane_of = [](const request& req) {
      return req.method == "POST"             ? lane::change
             : req.path.starts_with("/probe") ? lane::probe
                                              : lane::look;
    };
    return std::make_shared<const http_service>(
      http_service{refuse, lane_of, answer});
  }

  void serve(const net::endpoint& where
             = *net::endpoint::parse("127.0.0.1", 0)) {
    prepare(where);
    start();
  }

  void start() {
    uut->start([this](auto why) { broken.set_value(std::move(why)); });
  }

  void prepare(const net::endpoint& where
               = *net::endpoint::parse("127.0.0.1", 0)) {
    auto opened = net::listen_on(where);
    ASSERT_TRUE(opened) << opened.error().message;
    port = *opened;
    local = port->local();
    workers = std::make_unique<worker_pool>();
    uut = std::make_shared<http_port>(
      rt, *std::move(opened), service(freed, waiting, rt), *workers, limits);
  }

  test::client connect() const {
    test::client result{local};
    EXPECT_TRUE(result.is_connected());
    return result;
  }

  static std::string get(std::string_view path, std::string_view more = {}) {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n"
           + std::string{more} + "\r\n";
  }

  // All that is answered to `bytes` up to the end of the connection.
  std::string answer_to(std::string_view bytes) const {
    auto peer = connect();
    EXPECT_TRUE(peer.sends(bytes));
    return peer.receive_all();
  }

  bool answers(std::string_view path = "/probe") const {
    return answer_to(get(path, "Connection: close\r\n"))
      .starts_with("HTTP/1.1 200");
  }

  bool wait_for(const std::function<bool()>& what) const {
    for (auto until = steady_clock::now() + test::deadline; !what();)
      if (steady_clock::now() > until)
        return false;
      else
        std::this_thread::yield();
    return true;
  }

  http_limits limits;
  std::promise<void> free;
  std::shared_future<void> freed = free.get_future().share();
  std::promise<std::string> broken;
  std::atomic<int> waiting = 0;
  std::shared_ptr<net::port> port;
  net::endpoint local;
  std::unique_ptr<worker_pool> workers;
  std::shared_ptr<http_port> uut;
};

// Whether the server has said or ended something within that time.
bool readable(const test::client& peer, std::chrono::milliseconds within) {
  pollfd entry{peer.fd(), POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(within.count())) == 1;
}

} // namespace

TEST_F(HttpPort, AnswersPipelinedRequestsInTheirOrder) {
  serve();

  auto got
    = answer_to("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
                "{}"
                + get("/403") + get("/c") + get("/throw")
                + get("/d", "Connection: close\r\n"));

  std::vector<std::size_t> at;
  for (auto part :
       {"POST/a:{}", "403 Forbidden", "GET/c:", "as it should", "GET/d:"})
    at.push_back(got.find(part));
  EXPECT_NE(at.back(), std::string::npos) << got;
  EXPECT_TRUE(std::ranges::is_sorted(at)) << got;
}

TEST_F(HttpPort, AnswersHttp10WithAndWithoutKeepAlive) {
  serve();

  auto once = answer_to("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(once, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(once, EndsWith("GET/a:"));

  auto twice = answer_to("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                         "GET /b HTTP/1.0\r\n\r\n");
  EXPECT_THAT(twice, HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(twice, EndsWith("GET/b:"));
}

TEST_F(HttpPort, AnswersAClientThatHasFinishedSending) {
  serve();
  auto peer = connect();
  ASSERT_TRUE(peer.sends(get("/a")));
  peer.half_close();

  EXPECT_THAT(peer.receive_all(), EndsWith("GET/a:"));
  EXPECT_EQ(peer.ending(), "eof");
}

TEST_F(HttpPort, CutsAClientThatIsSlowWithItsHeadHoweverItDripsOn) {
  limits.head = 200ms;
  serve();
  auto peer = connect();
  auto begin = steady_clock::now();
  EXPECT_TRUE(peer.sends("GET / HTTP/1.1\r\nX: "));

  while (!readable(peer, 20ms) && steady_clock::now() - begin < test::deadline)
    (void)peer.sends("x");

  EXPECT_THAT(peer.receive_all(), StartsWith("HTTP/1.1 408"));
  EXPECT_GE(steady_clock::now() - begin, 200ms);
}

TEST_F(HttpPort, CutsAClientThatIsSlowWithItsBody) {
  limits.body = 200ms;
  serve();
  auto peer = connect();
  EXPECT_TRUE(
    peer.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"));

  while (!readable(peer, 20ms))
    (void)peer.sends("x");

  EXPECT_THAT(peer.receive_all(), StartsWith("HTTP/1.1 408"));
}

TEST_F(HttpPort, ClosesWithoutAWordWhereNothingWasAsked) {
  limits.head = 50ms;
  limits.idle = 100ms;
  serve();

  EXPECT_EQ(connect().receive_all(), "");
  EXPECT_THAT(answer_to(get("/a")), EndsWith("GET/a:")); // and then is idle
}

TEST_F(HttpPort, RefusesByTheHeadBeforeTheBodyComes) {
  serve();

  auto got = answer_to("POST /403 HTTP/1.1\r\nHost: a\r\n"
                       "Content-Length: 1000000\r\n\r\n");

  EXPECT_THAT(got, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(got, HasSubstr("Connection: close\r\n"));
}

TEST_F(HttpPort, LetsARefusedClientSendOnAndStillReadTheAnswer) {
  serve();
  auto peer = connect();
  std::string body(200 * 1024, 'x');
  EXPECT_TRUE(peer.sends(
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 204800\r\n\r\n" + body));

  EXPECT_THAT(peer.receive_all(), StartsWith("HTTP/1.1 413"));
  EXPECT_NE(peer.ending(), "timeout");
}

TEST_F(HttpPort, TellsAClientThatWaitsToGoAhead) {
  serve();
  auto peer = connect();
  constexpr std::string_view go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_TRUE(
    peer.sends("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
               "Connection: close\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(peer.receive(go_ahead.size()), go_ahead);

  EXPECT_TRUE(peer.sends("{}"));
  EXPECT_THAT(peer.receive_all(), EndsWith("POST/a:{}"));
}

TEST_F(HttpPort, RefusesWhatIsNoRequestAndCloses) {
  serve();
  EXPECT_THAT(answer_to("hello\r\n\r\n" + get("/a")),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_to("GET other:1 HTTP/1.1\r\nHost: a\r\n"
                        "Connection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpPort, AnswersProbesAndLooksWhileChangesWait) {
  serve();
  std::vector<test::client> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.push_back(connect());
    EXPECT_TRUE(stuck.back().sends("POST /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  ASSERT_TRUE(wait_for([this] { return waiting >= 2; }));

  EXPECT_TRUE(answers("/probe"));
  EXPECT_TRUE(answers("/look"));
}

TEST_F(HttpPort, AnswersProbesWhileLooksWait) {
  serve();
  std::vector<test::client> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.push_back(connect());
    EXPECT_TRUE(stuck.back().sends(get("/wait")));
  }
  ASSERT_TRUE(wait_for([this] { return waiting >= 2; }));

  EXPECT_TRUE(answers("/probe"));
}

TEST_F(HttpPort, MakesRoomWhereThereIsNone) {
  limits.places = 4;
  limits.patience = 50ms;
  serve();
  std::vector<test::client> idle;
  for (int i = 0; i < 4; ++i)
    idle.push_back(connect());

  EXPECT_TRUE(answers());
  EXPECT_EQ(idle.front().receive_all(), "");
}

TEST_F(HttpPort, MakesRoomInPlaceOfRequestsThatNobodyHasBegun) {
  limits.places = 8;
  limits.patience = 50ms;
  serve();
  std::vector<test::client> stuck;
  for (int i = 0; i < 8; ++i) {
    stuck.push_back(connect());
    EXPECT_TRUE(stuck.back().sends("POST /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
  }
  ASSERT_TRUE(wait_for([this] { return waiting == 2; }));

  EXPECT_TRUE(answers());

  auto refused = 0;
  for (auto& each : stuck)
    if (readable(each, 0ms) && each.receive(12) == "HTTP/1.1 503")
      ++refused;
  EXPECT_EQ(refused, 1);
}

TEST_F(HttpPort, OneAddressCannotTakeAllPlaces) {
  limits.places_of_loopback = 3;
  limits.patience = 50ms;
  serve();
  std::vector<test::client> idle;
  for (int i = 0; i < 3; ++i)
    idle.push_back(connect());

  EXPECT_TRUE(answers()); // in place of one of its own
  EXPECT_EQ(idle.front().receive_all(), "");
}

TEST_F(HttpPort, AnswersManyAtOnce) {
  serve();
  std::vector<test::client> all;
  for (int i = 0; i < 400; ++i)
    all.push_back(connect());
  for (auto& each : all)
    EXPECT_TRUE(each.sends(get("/a", "Connection: close\r\n")));

  auto answered = 0;
  for (auto& each : all)
    if (each.receive_all().ends_with("GET/a:"))
      ++answered;
  // Those that were let wait longer than is polite have made room.
  EXPECT_GE(answered, 200);
}

TEST_F(HttpPort, AClientThatDoesNotReadIsCutAndHoldsUpNobody) {
  limits.send = 300ms;
  serve();
  auto lazy = connect();
  EXPECT_TRUE(lazy.sends(get("/large")));
  ASSERT_TRUE(readable(lazy, 20s));

  EXPECT_TRUE(answers());
  auto begin = steady_clock::now();
  while (readable(lazy, 0ms) && steady_clock::now() - begin < 400ms)
    std::this_thread::yield();
  EXPECT_LT(lazy.receive_all().size(), 8U * 1024 * 1024);
}

TEST_F(HttpPort, BoundsWhatNobodyReads) {
  limits.unsent_bytes = 12 * 1024 * 1024;
  serve();
  std::vector<test::client> lazy;
  for (int i = 0; i < 4; ++i) {
    lazy.push_back(connect());
    EXPECT_TRUE(lazy.back().sends(get("/large", "Connection: close\r\n")));
    ASSERT_TRUE(readable(lazy.back(), 20s));
  }

  // The last one is not the one that pays.
  EXPECT_GT(lazy.back().receive_all().size(), 8U * 1024 * 1024);
  EXPECT_LT(lazy.front().receive_all().size(), 8U * 1024 * 1024);
}

TEST_F(HttpPort, SaysWhyItCannotAcceptAnyMore) {
  serve();
  port->shut();

  auto why = broken.get_future();
  ASSERT_EQ(why.wait_for(test::deadline), std::future_status::ready);
  EXPECT_EQ(why.get(), "cannot accept: Invalid argument");
}

TEST_F(HttpPort, EndsSoonWhateverIsWaitedFor) {
  serve();
  auto silent = connect();
  auto stuck = connect();
  EXPECT_TRUE(stuck.sends("POST /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(wait_for([this] { return waiting == 1; }));

  auto begin = steady_clock::now();
  uut->end();

  EXPECT_LT(steady_clock::now() - begin, 2s);
  EXPECT_FALSE(test::client{local}.is_connected());
}

// A busy machine may be slow, but not each time.
TEST_F(HttpPort, EndsAtOnceIfItWasNeverStarted) {
  auto soonest = steady_clock::duration::max();
  for (int i = 0; i < 5; ++i) {
    prepare();

    auto begin = steady_clock::now();
    uut->end();

    soonest = std::min(soonest, steady_clock::now() - begin);
    EXPECT_FALSE(test::client{local}.is_connected());
    start(); // too late
    EXPECT_FALSE(test::client{local}.is_connected());
    uut->end(); // again
    uut.reset();
    workers.reset();
  }
  EXPECT_LT(soonest, 400ms);
}

TEST_F(HttpPort, EndsAtOnceIfItWasClosedBeforeItWasStarted) {
  auto soonest = steady_clock::duration::max();
  for (int i = 0; i < 5; ++i) {
    prepare();
    uut->close();
    start();

    auto begin = steady_clock::now();
    uut->end();

    soonest = std::min(soonest, steady_clock::now() - begin);
    EXPECT_FALSE(test::client{local}.is_connected());
    uut.reset();
    workers.reset();
  }
  EXPECT_LT(soonest, 400ms);
}

TEST_F(HttpPort, GivesTheHeadOfAStreamAloneIfThatIsAskedFor) {
  serve();
  auto got = answer_to("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n"
                       + get("/d", "Connection: close\r\n"));

  auto end = got.find("\r\n\r\n") + 4;
  auto head = got.substr(0, end);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(got.substr(end), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(got, EndsWith("GET/d:"));

  auto peer = connect();
  EXPECT_TRUE(peer.sends(get("/stream")));
  EXPECT_EQ(peer.receive(head.size()), head);
}

TEST_F(HttpPort, HeadsOfStreamsTakeNoPlaceOfOne) {
  limits.streams = 1;
  serve();
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(answer_to("HEAD /stream HTTP/1.0\r\n\r\n"),
                StartsWith("HTTP/1.1 200"));
  auto reader = connect();
  EXPECT_TRUE(reader.sends(get("/stream")));
  ASSERT_EQ(reader.receive(12), "HTTP/1.1 200");

  EXPECT_THAT(answer_to("HEAD /stream HTTP/1.0\r\n\r\n"),
              StartsWith("HTTP/1.1 503")); // as a GET
}

TEST_F(HttpPort, DropsTheReaderThatDoesNotGetOnAndNotTheOneThatBeganFirst) {
  constexpr std::size_t large = 8 * 1024 * 1024;
  limits.unsent_bytes = 2 * large;
  serve();
  std::vector<test::client> all;
  auto ask_for_large = [&] {
    all.push_back(connect());
    // Else the kernel lets the window grow, also of a client that does not
    // read.
    int bytes = 64 * 1024;
    ASSERT_EQ(::setsockopt(all.back().fd(), SOL_SOCKET, SO_RCVBUF, &bytes,
                           sizeof(bytes)),
              0);
    EXPECT_TRUE(all.back().sends(get("/large", "Connection: close\r\n")));
    ASSERT_TRUE(readable(all.back(), 20s));
  };
  ask_for_large();
  ask_for_large();
  // One reads slowly, for half a second: acknowledgements may be delayed for
  // 200 ms, and with each of the other's it seems to get on, too.
  std::string begun;
  while (begun.size() < large / 2) {
    auto piece = all[0].receive(64 * 1024);
    ASSERT_EQ(piece.size(), 64 * 1024U);
    begun += piece;
    std::this_thread::sleep_for(8ms);
  }

  ask_for_large(); // now it is too much

  EXPECT_GT(begun.size() + all[0].receive_all().size(), large);
  EXPECT_LT(all[1].receive_all().size(), large);
  EXPECT_GT(all[2].receive_all().size(), large);
}

TEST_F(HttpPort, KnowsItsOwnUserByAUnixSocketAndNobodyByTcp) {
  auto path = std::filesystem::temp_directory_path()
              / ("http-port-" + std::to_string(::getpid()));
  serve(*net::endpoint::unix_path(path.string()));

  EXPECT_THAT(answer_to(get("/who", "Connection: close\r\n")),
              EndsWith("\r\n\r\nowner"));
  uut->end();
  uut.reset();
  port.reset();
  EXPECT_FALSE(std::filesystem::exists(path));

  serve();
  EXPECT_THAT(answer_to(get("/who", "Connection: close\r\n")),
              EndsWith("\r\n\r\nanybody"));
}

} // namespace http_port_test
