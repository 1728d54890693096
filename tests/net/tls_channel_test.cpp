// SPDX-License-Identifier: BSD-3-Clause
//
// TLS on a plain socket, and what a client of it believes.

#include "net/socket.hpp"
#include "net/tls/channel.hpp"
#include "net/tls/client.hpp"
#include "net/tls/context.hpp"
#include "support/tls_files.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace tls_channel_test {

using namespace coppice::net;
using handshake = tls_channel::handshake;

namespace {

class TlsChannel : public ::testing::Test {
protected:
  void listen(const std::string& certificate) {
    auto made = tls_context::make({.certificates = {{certificate}}}, context);
    ASSERT_TRUE(made) << made.error();
    context = *made;
  }

  // Two ends of one connection.
  void connect(const tls_trust& trust, const std::string& host = "localhost",
               const tls_client::session_ptr& resumed = nullptr) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           0, ends),
              0);
    client.reset();
    server.reset();
    near = coppice::net::socket{ends[0]};
    far = coppice::net::socket{ends[1]};
    auto made = tls_client::make(trust);
    ASSERT_TRUE(made) << made.error();
    client
      = std::make_unique<tls_channel>((*made)->open(host, resumed), ends[0]);
    server = std::make_unique<tls_channel>(context->open(), ends[1], context);
  }

  // The client's.
  handshake shake_hands() {
    for (int turns = 0; turns < 20; ++turns) {
      auto here = client->shake_hands();
      auto there = server->shake_hands();
      if (here == handshake::failed || there == handshake::failed)
        return handshake::failed;
      if (here == handshake::done && there == handshake::done)
        return here;
    }
    return handshake::waits;
  }

  // All that is there.
  static std::string receive(tls_channel& from) {
    std::string result;
    char piece[4096];
    ssize_t n = 0;
    while ((n = from.receive(piece)) > 0)
      result.append(piece, static_cast<std::size_t>(n));
    return result;
  }

  coppice::test::tls_files files;
  tls_context_ptr context;
  coppice::net::socket near;
  coppice::net::socket far;
  std::unique_ptr<tls_channel> client;
  std::unique_ptr<tls_channel> server;
};

} // namespace

TEST_F(TlsChannel, CarriesBytesBothWaysAndSaysGoodbye) {
  auto file = files.write("a");
  listen(file);
  connect({.ca_file = file});
  ASSERT_EQ(shake_hands(), handshake::done) << client->problem();

  EXPECT_EQ(client->transmit("hello"), 5);
  EXPECT_EQ(receive(*server), "hello");
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(server->transmit("goodbye"), 7);
  server->finish();

  EXPECT_EQ(receive(*client), "goodbye");
  char byte;
  EXPECT_EQ(client->receive({&byte, 1}), 0);
}

TEST_F(TlsChannel, GoesOnWithBytesThatTheSocketDidNotTake) {
  auto file = files.write("a");
  listen(file);
  connect({.ca_file = file});
  ASSERT_EQ(shake_hands(), handshake::done);
  std::string all(3'000'000, ' ');
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<char>(i * 31 % 251);

  std::string got;
  std::size_t sent = 0;
  auto blocked = 0;
  while (got.size() < all.size()) {
    // From another place each time.
    auto rest = std::make_unique<std::string>(all.substr(sent, 100'000));
    auto n = rest->empty() ? 0 : server->transmit(*rest);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
    } else {
      ASSERT_EQ(errno, EAGAIN);
      EXPECT_TRUE(server->output_blocked());
      ++blocked;
    }
    if (n <= 0)
      got += receive(*client);
  }

  EXPECT_EQ(got, all);
  EXPECT_GT(blocked, 1);
}

TEST_F(TlsChannel, TellsACutOffConnectionFromAGoodbye) {
  auto file = files.write("a");
  listen(file);
  connect({.ca_file = file});
  ASSERT_EQ(shake_hands(), handshake::done);
  receive(*client);

  far.close();

  char byte;
  EXPECT_EQ(client->receive({&byte, 1}), -1);
  EXPECT_EQ(errno, ECONNABORTED);
}

TEST_F(TlsChannel, SaysWhatIsNotTls) {
  listen(files.write("a"));
  connect({.verifies = false});
  ASSERT_EQ(client->shake_hands(), handshake::waits); // it has sent its hello
  std::string_view answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
  ASSERT_EQ(::send(far.fd(), answer.data(), answer.size(), 0),
            static_cast<ssize_t>(answer.size()));

  EXPECT_EQ(client->shake_hands(), handshake::failed);
  EXPECT_NE(client->problem(), "");
  EXPECT_EQ(tls_client::distrust(client->session()), "");
}

TEST_F(TlsChannel, BelievesOnlyWhoItWasToldTo) {
  auto mine = files.write("mine");
  listen(mine);
  auto other = files.write("other");
  auto old = files.write("old", {.days = -1});
  struct {
    std::string certificate;
    tls_trust trust;
    std::string host;
    std::string says;
  } const cases[]{
    {mine, {.ca_file = mine}, "localhost", ""},
    {mine, {.ca_file = mine}, "127.0.0.1", ""},
    {mine, {.ca_file = mine}, "::1", "its certificate is for another name"},
    {mine,
     {.ca_file = mine},
     "b.example",
     "its certificate is for another name"},
    {mine,
     {.ca_file = other},
     "localhost",
     "its certificate is not trusted: self-signed certificate"},
    {mine,
     {},
     "localhost",
     "its certificate is not trusted: self-signed certificate"},
    {old,
     {.ca_file = old},
     "localhost",
     "its certificate is not trusted: certificate has expired"},
    {old, {.verifies = false}, "b.example", ""},
  };
  for (auto& each : cases) {
    listen(each.certificate);
    connect(each.trust, each.host);

    auto came_to = shake_hands();

    EXPECT_EQ(came_to, each.says.empty() ? handshake::done : handshake::failed);
    if (each.trust.verifies) {
      EXPECT_EQ(tls_client::distrust(client->session()), each.says);
    }
  }
}

TEST_F(TlsChannel, NamesTheFileThatIsNoAuthority) {
  auto made = tls_client::make({.ca_file = "/nowhere"});

  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), "/nowhere: No such file or directory");
}

TEST_F(TlsChannel, GoesOnWithAHandshakeThatBeganBeforeAReload) {
  auto file = files.write("a");
  listen(file);
  connect({.ca_file = file});
  ASSERT_EQ(client->shake_hands(), handshake::waits);
  std::weak_ptr<const tls_context> before = context;

  context.reset(); // a new one is in its place

  EXPECT_FALSE(before.expired());
  EXPECT_EQ(shake_hands(), handshake::done) << client->problem();
}

TEST_F(TlsChannel, ResumesASession) {
  auto file = files.write("a");
  listen(file);
  connect({.ca_file = file});
  ASSERT_EQ(shake_hands(), handshake::done);
  EXPECT_FALSE(client->resumed());
  receive(*client); // the tickets
  auto ticket = tls_client::ticket(client->session());
  ASSERT_TRUE(ticket);

  connect({.ca_file = file}, "localhost", ticket);

  ASSERT_EQ(shake_hands(), handshake::done);
  EXPECT_TRUE(client->resumed());
  EXPECT_TRUE(server->resumed());
}

} // namespace tls_channel_test
