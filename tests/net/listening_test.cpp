// SPDX-License-Identifier: BSD-3-Clause

#include "net/listening.hpp"
#include "support/errors.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace listening_test {

using namespace coppice::net;
using namespace std::chrono_literals;
using coppice::test::error_of;

namespace {

endpoint loopback(std::uint16_t port = 0) {
  return *endpoint::parse("127.0.0.1", port);
}

coppice::net::socket connect_to(const endpoint& where) {
  coppice::net::socket sock{
    ::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (::connect(sock.fd(), where.data(), where.size()) != 0)
    sock.close();
  return sock;
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  ::getsockopt(fd, level, name, &value, &size);
  return value;
}

class UnixSocket : public ::testing::Test {
protected:
  void SetUp() override {
    auto text
      = (std::filesystem::temp_directory_path() / "coppice-XXXXXX").string();
    folder = ::mkdtemp(text.data());
    path = (folder / "echo.sock").string();
    where = *endpoint::unix_path(path);
  }

  void TearDown() override {
    std::filesystem::remove_all(folder);
  }

  std::filesystem::path folder;
  std::string path;
  endpoint where;
};

} // namespace

TEST(ListenOn, GivesAPortWhenAskedForAnyAndClosesItOnExec) {
  auto opened = listen_on(loopback());

  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_NE((*opened)->local().port(), 0);
  auto fd = (*opened)->of(0, 1).front();
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(ListenOn, SaysThatAPortIsTaken) {
  auto first = listen_on(loopback());
  auto taken = (*first)->local();

  auto second = listen_on(taken);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().number, EADDRINUSE);
  EXPECT_EQ(second.error().message,
            "cannot listen on " + to_string(taken)
              + ": the port is taken; stop the program that uses "
                "it or choose another port");
}

TEST(ListenOn, SaysThatAnAddressIsNotOfThisMachine) {
  auto opened = listen_on(*endpoint::parse("192.0.2.1", 0));

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().number, EADDRNOTAVAIL);
  EXPECT_NE(opened.error().message.find("no such address"), std::string::npos);
}

TEST(ListenOn, OpensSeveralSocketsOnTheOnePortThatTheKernelPicked) {
  auto opened = listen_on(loopback(), {.sockets = 3});

  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->sockets(), 3U);
  for (unsigned i = 0; i < 3; ++i)
    EXPECT_EQ(endpoint::local((*opened)->of(i, 3).front()).port(),
              (*opened)->local().port());
  EXPECT_NE((*opened)->of(0, 3).front(), (*opened)->of(1, 3).front());
}

TEST(ListenOn, DoesNotShareAPortThatSomebodyHasForHimself) {
  auto first = listen_on(loopback());

  auto second = listen_on((*first)->local(), {.sockets = 2});

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().number, EADDRINUSE);
}

TEST(ListenOn, LetsClientsHaveItsTcpOptions) {
  auto opened
    = listen_on(loopback(), {.keepalive = 80s, .user_timeout = 7000ms});
  auto client = connect_to((*opened)->local());
  ASSERT_TRUE(client);

  coppice::net::socket accepted{
    ::accept4((*opened)->of(0, 1).front(), nullptr, nullptr, SOCK_CLOEXEC)};

  ASSERT_TRUE(accepted);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(accepted.fd(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_KEEPIDLE), 80);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_KEEPINTVL), 20);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
}

TEST(ListenOn, RefusesClientsOnceItIsShutAlsoIfSomebodyHoldsTheSocket) {
  auto opened = listen_on(loopback());
  auto where = (*opened)->local();

  (*opened)->shut();

  EXPECT_FALSE(connect_to(where));
}

// -- Unix sockets -------------------------------------------------------------

TEST_F(UnixSocket, HasTheModeThatWasAskedForAndGoesWithItsPort) {
  auto opened = listen_on(where, {.unix_mode = 0622});

  ASSERT_TRUE(opened) << opened.error().message;
  struct stat file {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0622U);
  EXPECT_TRUE(connect_to(where));
  opened->reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, ReplacesAFileThatNobodyListensOn) {
  {
    coppice::net::socket left{::socket(AF_UNIX, SOCK_STREAM, 0)};
    ASSERT_EQ(::bind(left.fd(), where.data(), where.size()), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));

  auto opened = listen_on(where, {.unix_mode = 0666}); // more than the umask's

  ASSERT_TRUE(opened) << opened.error().message;
  struct stat file {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0666U);
  EXPECT_TRUE(connect_to(where));
}

TEST_F(UnixSocket, LeavesAFileOnWhichSomebodyListens) {
  auto first = listen_on(where);

  auto second = listen_on(where);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().number, EADDRINUSE);
  EXPECT_EQ(second.error().message,
            "cannot listen on unix:" + path
              + ": another program listens there; stop it or "
                "choose another path");
  EXPECT_TRUE(connect_to(where));
}

TEST_F(UnixSocket, NeverRemovesAFileThatIsNoSocket) {
  std::ofstream{path} << "precious";

  auto opened = listen_on(where);

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "cannot listen on unix:" + path
              + ": there is a file that is no socket; choose "
                "another path");
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST_F(UnixSocket, DoesNotRemoveTheFileOfItsSuccessor) {
  auto first = listen_on(where);
  std::filesystem::remove(path);
  auto second = listen_on(where);

  first->reset();

  EXPECT_TRUE(connect_to(where));
}

// -- inherited sockets --------------------------------------------------------

TEST(Adopt, UsesASocketThatListensAndLeavesItOpen) {
  auto original = listen_on(loopback());
  auto where = (*original)->local();
  {
    auto adopted = adopt({(*original)->of(0, 1).front()});
    ASSERT_TRUE(adopted) << adopted.error().message;
    EXPECT_EQ((*adopted)->local().port(), where.port());
    (*adopted)->shut();
  }
  EXPECT_TRUE(connect_to(where));
}

TEST(Adopt, RefusesWhatDoesNotListen) {
  coppice::net::socket idle{::socket(AF_INET, SOCK_STREAM, 0)};

  auto adopted = adopt({idle.fd()});

  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().message,
            "cannot listen on the inherited descriptor "
              + std::to_string(idle.fd())
              + ": it is not a stream socket that listens");
  EXPECT_FALSE(adopt({9999}));
}

TEST(Port, HasASocketForEachAcceptorAndAnAcceptorForEachSocket) {
  auto opened = listen_on(*endpoint::parse("127.0.0.1", 0), {.sockets = 3});
  ASSERT_TRUE(opened) << opened.error().message;
  auto& port = **opened;

  EXPECT_EQ(port.of(0, 2).size(), 2U);
  EXPECT_EQ(port.of(1, 2).size(), 1U);
  EXPECT_EQ(port.of(0, 3).size(), 1U);
  EXPECT_EQ(port.of(3, 4), port.of(0, 4));
}

TEST(Listening, OnAPortWithSeveralSocketsIsRefused) {
  auto first = listen_on(*endpoint::parse("127.0.0.1", 0), {.sockets = 2});
  ASSERT_TRUE(first) << first.error().message;

  EXPECT_EQ(error_of(listen_on((*first)->local(), {.sockets = 2})).number,
            EADDRINUSE);
  EXPECT_EQ(error_of(listen_on((*first)->local())).number, EADDRINUSE);
}

TEST(Listening, OnASharedPortIsForThoseWhoShareIt) {
  auto first
    = listen_on(*endpoint::parse("127.0.0.1", 0), {.share_port = true});
  ASSERT_TRUE(first) << first.error().message;

  EXPECT_TRUE(listen_on((*first)->local(), {.share_port = true}));
  EXPECT_EQ(error_of(listen_on((*first)->local())).number, EADDRINUSE);
}

class PassedSockets : public ::testing::Test {
protected:
  ~PassedSockets() override {
    for (auto* name : variables)
      ::unsetenv(name);
  }

  static void set(const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
  }

  static std::size_t count() {
    auto result = passed_sockets();
    EXPECT_TRUE(result) << result.error();
    return result ? result->size() : 0;
  }

  static constexpr const char* variables[]{"LISTEN_PID", "LISTEN_FDS",
                                           "LISTEN_FDNAMES", "LISTEN_PIDFDID"};
  const std::string self = std::to_string(::getpid());
};

TEST_F(PassedSockets, AreThoseThatAreMeantForThisProcess) {
  EXPECT_EQ(count(), 0U);
  set("LISTEN_FDS", "2");
  EXPECT_EQ(count(), 0U);
  set("LISTEN_PID", "1");
  EXPECT_EQ(count(), 0U);
  set("LISTEN_PID", self);
  EXPECT_EQ(count(), 2U);
  set("LISTEN_FDS", "0");
  EXPECT_EQ(count(), 0U);
}

TEST_F(PassedSockets, OfAProcessWithTheSameNumberAreNotMeant) {
  set("LISTEN_PID", self);
  set("LISTEN_FDS", "1");
  set("LISTEN_PIDFDID", "1");

  EXPECT_EQ(count(), 0U);
}

TEST_F(PassedSockets, HaveTheirNamesInOrder) {
  set("LISTEN_PID", self);
  set("LISTEN_FDS", "3");
  set("LISTEN_FDNAMES", "echo:admin");

  auto result = passed_sockets();

  ASSERT_TRUE(result);
  EXPECT_EQ(result->at(0).name, "echo");
  EXPECT_EQ(result->at(1).name, "admin");
  EXPECT_EQ(result->at(2).name, "");
}

TEST_F(PassedSockets, ByValuesThatAreNoNumbersAreAnError) {
  for (auto* wrong : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_PIDFDID"})
    for (auto* value : {"", "x", "1x", "-1", " 1"}) {
      set("LISTEN_PID", self);
      set("LISTEN_FDS", "1");
      ::unsetenv("LISTEN_PIDFDID");
      set(wrong, value);

      auto result = passed_sockets();

      ASSERT_FALSE(result) << wrong << "=" << value;
      EXPECT_EQ(result.error().find(wrong), 0U) << result.error();
    }
}

} // namespace listening_test
