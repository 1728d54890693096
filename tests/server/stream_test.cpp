// SPDX-License-Identifier: BSD-3-Clause
//
// A connection as a coroutine sees it.

#include "coppice/stream.hpp"

#include "coppice/actor/tree_root.hpp"
#include "coppice/server.hpp"
#include "coppice/testing/tcp_client.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace stream_test {

using namespace coppice;
using namespace std::chrono_literals;
using coppice::testing::tcp_client;

namespace {

class Stream : public ::testing::Test {
protected:
  // Serves with `talk`; `change` may change the settings before.
  void serve(
    std::function<task(stream)> talk,
    const std::function<void(server_settings&)>& change = [](auto&) {}) {
    server_settings settings{.name = "s",
                             .handler = handled_by(std::move(talk)),
                             .bind = "127.0.0.1",
                             .acceptors = 1,
                             .drain_timeout = 20s,
                             .admin = {.where = "off"},
                             .journal = {.file = "off"},
                             .log = {.level = "off"}};
    change(settings);
    server_.emplace(std::move(settings));
    ASSERT_TRUE(server_->start());
  }

  tcp_client connect() {
    return tcp_client{*server_->local()};
  }

  std::optional<server> server_;
};

// Is counted from its making to its end.
class counted {
public:
  explicit counted(std::atomic<int>& alive) : alive_(alive) {
    ++alive_;
  }

  ~counted() {
    --alive_;
  }

  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;

private:
  std::atomic<int>& alive_;
};

bool becomes(const std::atomic<int>& value, int wanted) {
  auto until = std::chrono::steady_clock::now() + 20s;
  while (value != wanted && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  return value == wanted;
}

task echo_lines(stream self) {
  while (auto line = co_await self.read_line())
    co_await self.write(*line);
}

task echo_bytes(stream self) {
  while (auto bytes = co_await self.read())
    co_await self.write(*bytes);
}

} // namespace

TEST_F(Stream, ReadsLinesInWhateverPiecesTheyCome) {
  serve(echo_lines);
  auto client = connect();

  EXPECT_TRUE(client.sends("on"));
  EXPECT_TRUE(client.sends("e\ntwo\nth"));
  EXPECT_TRUE(client.receives("one\ntwo\n"));
  EXPECT_TRUE(client.sends("ree\n"));
  EXPECT_TRUE(client.receives("three\n"));
}

TEST_F(Stream, GivesTheLastLineWithoutALineFeedAndThenNothing) {
  serve([](stream self) -> task {
    while (auto line = co_await self.read_line())
      co_await self.write("[" + std::string{*line} + "]");
    co_await self.write("end");
  });
  auto client = connect();

  EXPECT_TRUE(client.sends("a\nb"));
  client.half_close();

  EXPECT_TRUE(client.receives("[a\n][b]end"));
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Stream, EchoesMegabytes) {
  serve(echo_bytes);
  auto client = connect();

  EXPECT_TRUE(client.echoes(8'000'000));
}

TEST_F(Stream, EchoesMegabytesOfLines) {
  serve(echo_lines);
  auto client = connect();

  EXPECT_TRUE(client.echoes(8'000'000));
}

TEST_F(Stream, KeepsALineValidWhileItsWriteWaits) {
  std::string line(50'000, 'x');
  line += '\n';
  serve([](stream self) -> task {
    while (auto got = co_await self.read_line())
      for (int i = 0; i < 100; ++i)
        co_await self.write(*got);
  });
  auto client = connect();

  std::string expected;
  for (int i = 0; i < 100; ++i)
    expected += line;
  for (int i = 0; i < 100; ++i)
    expected += "more\n";
  EXPECT_TRUE(client.sends(line + "more\n"));
  EXPECT_TRUE(client.receives(expected));
}

TEST_F(Stream, ClosesWhenTheCoroutineReturns) {
  serve([](stream self) -> task { co_await self.write("bye"); });
  auto client = connect();

  EXPECT_TRUE(client.receives("bye"));
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Stream, EndsAloneWhenItThrows) {
  serve([](stream self) -> task {
    while (auto line = co_await self.read_line()) {
      if (*line == "boom\n")
        throw std::runtime_error{"boom"};
      co_await self.write(*line);
    }
  });
  auto one = connect();
  auto two = connect();
  EXPECT_TRUE(one.echoes("hello\n"));

  EXPECT_TRUE(two.sends("boom\n"));

  EXPECT_TRUE(two.is_closed());
  EXPECT_TRUE(one.echoes("still here\n"));
}

TEST_F(Stream, EndsALineThatIsTooLong) {
  serve([](stream self) -> task {
    while (auto line = co_await self.read_line(8))
      co_await self.write(*line);
  });
  auto client = connect();
  EXPECT_TRUE(client.echoes("1234567\n"));

  EXPECT_TRUE(client.sends("12345678\n"));

  EXPECT_TRUE(client.is_closed());
}

TEST_F(Stream, GoesOnWithoutInputWhenTheServerDrains) {
  serve([](stream self) -> task {
    while (auto line = co_await self.read_line())
      co_await self.write(*line);
    co_await self.write("goodbye\n");
  });
  auto client = connect();
  EXPECT_TRUE(client.echoes("hello\n"));
  EXPECT_TRUE(client.sends("half a li"));

  std::thread stopper{[this] { server_->stop(); }};

  EXPECT_TRUE(client.receives("goodbye\n"));
  EXPECT_TRUE(client.is_closed());
  client.close();
  stopper.join();
}

TEST_F(Stream, IsCancelledByAKill) {
  std::atomic<int> alive = 0;
  serve([&alive](stream self) -> task {
    counted here{alive};
    co_await self.write("hello\n");
    co_await self.read_line();
  });
  auto client = connect();
  EXPECT_TRUE(client.receives("hello\n"));
  EXPECT_EQ(alive, 1);

  actor::crash(*server_->rt(), "s/listener:s/accepting/acceptors/acceptor:0",
               {});

  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(becomes(alive, 0));
}

TEST_F(Stream, IsCancelledByALimit) {
  std::atomic<int> alive = 0;
  serve(
    [&alive](stream self) -> task {
      counted here{alive};
      co_await self.read_line();
    },
    [](server_settings& settings) { settings.limits.idle = 50ms; });
  auto client = connect();

  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(becomes(alive, 0));
}

TEST_F(Stream, IsCancelledWhileItsOutputWaits) {
  std::atomic<int> alive = 0;
  serve([&alive](stream self) -> task {
    counted here{alive};
    std::string much(1 << 20, 'x');
    for (;;)
      co_await self.write(much);
  });
  {
    auto client = connect();
    EXPECT_TRUE(becomes(alive, 1));
  }

  EXPECT_TRUE(becomes(alive, 0));
}

TEST_F(Stream, LeavesItsReactorToOthersWhileItOnlyWrites) {
  serve([](stream self) -> task {
    auto first = co_await self.read_line();
    if (first == "flood\n")
      for (;;)
        co_await self.write("x");
    co_await self.write(first.value_or("none"));
  });
  auto flooded = connect();
  EXPECT_TRUE(flooded.sends("flood\n"));
  auto client = connect();

  EXPECT_TRUE(client.sends("hello\n"));
  EXPECT_TRUE(client.receives("hello\n"));
}

TEST_F(Stream, ForgetsWhatCameInTheClearWhenTlsBegins) {
  test::tls_files files;
  serve(
    [](stream self) -> task {
      co_await self.write("220 ready\r\n");
      co_await self.read_line();
      co_await self.write("220 go\r\n");
      self.start_tls();
      auto line = co_await self.read_line();
      co_await self.write(self.connection().tls()->version + " "
                          + std::string{line.value_or("none")});
    },
    [&](auto& settings) {
      settings.tls = net::tls_settings{.certificates = {{files.write("s")}},
                                       .from_start = false};
    });
  test::tls_client client{*server_->local()};
  EXPECT_EQ(client.hear_in_the_clear(), "220 ready\r\n");
  EXPECT_EQ(client.ask_in_the_clear("STARTTLS\r\nput in\r\n"), "220 go\r\n");

  EXPECT_EQ(client.shake_hands(), "");
  client.send("secret\r\n");

  EXPECT_EQ(client.receive(16), "TLSv1.3 secret\r\n");
  EXPECT_EQ(client.ending(), "goodbye");
}

} // namespace stream_test
