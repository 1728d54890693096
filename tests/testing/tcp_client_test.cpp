// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/tcp_client.hpp"
#include "net/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tcp_client_test {

using coppice::net::endpoint;
using coppice::testing::tcp_client;
using namespace std::chrono_literals;

namespace {

// The other side of a client, which does what a test says.
class TcpClient : public ::testing::Test {
protected:
  TcpClient() {
    auto where = *endpoint::parse("127.0.0.1", 0);
    ::bind(listening_.fd(), where.data(), where.size());
    ::listen(listening_.fd(), 8);
  }

  endpoint where() const {
    return endpoint::local(listening_.fd());
  }

  void accept() {
    peer = coppice::net::socket{::accept(listening_.fd(), nullptr, nullptr)};
  }

  void say(const std::string& text) {
    ASSERT_EQ(::send(peer.fd(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  void reset() {
    linger at_once{1, 0};
    ::setsockopt(peer.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    peer.close();
  }

  coppice::net::socket peer;

private:
  coppice::net::socket listening_{::socket(AF_INET, SOCK_STREAM, 0)};
};

// A Unix socket whose queue has no room for a second client.
class FullQueue : public ::testing::Test {
protected:
  FullQueue() {
    sockaddr_un nameless{};
    nameless.sun_family = AF_UNIX; // the kernel chooses a name
    ::bind(listening_.fd(), reinterpret_cast<sockaddr*>(&nameless),
           sizeof(sa_family_t));
    ::listen(listening_.fd(), 0);
  }

  void SetUp() override {
    first_.emplace(where());
    ASSERT_TRUE(first_->is_connected());
  }

  endpoint where() const {
    return endpoint::local(listening_.fd());
  }

  void accept() {
    coppice::net::socket{::accept(listening_.fd(), nullptr, nullptr)};
  }

private:
  coppice::net::socket listening_{::socket(AF_UNIX, SOCK_STREAM, 0)};
  std::optional<tcp_client> first_;
};

} // namespace

TEST_F(FullQueue, IsWaitedForUntilThereIsRoom) {
  auto looks = 0;
  auto meanwhile = [&] {
    if (++looks == 3)
      accept();
  };

  tcp_client client{where(), meanwhile};

  EXPECT_TRUE(client.is_connected());
  EXPECT_GE(looks, 3);
}

TEST_F(FullQueue, IsWaitedForNoLongerThanThePatience) {
  tcp_client client{where(), 20ms};

  EXPECT_THAT(client.is_connected().message(),
              ::testing::HasSubstr("timed out"));
}

TEST_F(TcpClient, TakesWhatIsRight) {
  tcp_client client{where()};
  accept();
  say("hello");

  EXPECT_TRUE(client.is_connected());
  EXPECT_TRUE(client.echoes("hello"));
  EXPECT_EQ(client.sent(), 5U);
  EXPECT_EQ(client.received(), 5U);
  peer.close();
}

TEST_F(TcpClient, ShowsWhichByteIsAnother) {
  tcp_client client{where()};
  accept();
  say("the quick brown fix jumps");

  EXPECT_STREQ(client.receives("the quick brown fox jumps").message(),
               "byte 17 of 25 is another: expected \"he quick brown fox jumps\""
               ", got \"he quick brown fix jumps\"");
  EXPECT_EQ(client.received(), 17U);
}

TEST_F(TcpClient, ShowsWhatCameTooMuch) {
  tcp_client client{where()};
  accept();
  say("hello, again");

  EXPECT_STREQ(client.receives("hello").message(),
               "byte 5 of 5 is another: expected \"hello\", got "
               "\"hello, again\"");
}

TEST_F(TcpClient, CountsWhatIsLostAtTheEnd) {
  tcp_client client{where()};
  accept();
  say("hel");
  peer.close();

  EXPECT_STREQ(client.receives("hello").message(),
               "2 of 5 bytes did not come back: the other side has closed the "
               "connection");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(TcpClient, CountsWhatIsLostInAReset) {
  tcp_client client{where()};
  accept();
  reset();

  EXPECT_STREQ(client.receives("hello").message(),
               "5 of 5 bytes did not come back: the connection was reset");
}

TEST_F(TcpClient, DoesNotWaitForEver) {
  tcp_client client{where(), 20ms};
  accept();

  EXPECT_STREQ(client.echoes(16).message(),
               "16 of 16 bytes did not come back: the connection is open, but "
               "nothing more happens");
  EXPECT_STREQ(client.is_closed().message(), "the connection is still open");
}

TEST_F(TcpClient, NoticesInputBeforeTheEnd) {
  tcp_client client{where()};
  accept();
  say("goodbye");
  peer.close();

  EXPECT_STREQ(client.is_closed().message(), "it still sends: \"goodbye\"");
}

TEST_F(TcpClient, TakesWhateverComes) {
  tcp_client client{where()};
  accept();
  say("hello");

  EXPECT_EQ(client.receive(2), "he");
  EXPECT_EQ(client.ending(), "");
  EXPECT_EQ(client.ask("abc"), "llo");
  EXPECT_EQ(client.sent(), 3U);
  EXPECT_EQ(client.received(), 5U);
}

TEST_F(TcpClient, TakesAllUpToTheEndAndSaysHowThatWas) {
  tcp_client ended{where()};
  accept();
  say("goodbye");
  peer.close();
  EXPECT_EQ(ended.receive_all(), "goodbye");
  EXPECT_EQ(ended.ending(), "eof");

  tcp_client cut{where()};
  accept();
  reset();
  EXPECT_EQ(cut.receive_all(), "");
  EXPECT_EQ(cut.ending(), "reset");

  tcp_client late{where(), 200ms};
  accept();
  say("hel");
  EXPECT_EQ(late.receive(5), "hel");
  EXPECT_EQ(late.ending(), "timeout");
}

TEST_F(TcpClient, HasASocketForOptions) {
  tcp_client client{where()};
  EXPECT_GE(client.fd(), 0);

  client.close();

  EXPECT_EQ(client.fd(), -1);
}

TEST_F(TcpClient, SaysWhyItCannotConnect) {
  auto nobody = [] {
    coppice::net::socket closed{::socket(AF_INET, SOCK_STREAM, 0)};
    auto any = *endpoint::parse("127.0.0.1", 0);
    ::bind(closed.fd(), any.data(), any.size());
    return endpoint::local(closed.fd());
  }();
  tcp_client client{nobody};

  auto why = "cannot connect to " + to_string(nobody) + ": Connection refused";
  EXPECT_EQ(client.is_connected().message(), why);
  EXPECT_EQ(client.echoes("hello").message(), why);
}

} // namespace tcp_client_test
