// SPDX-License-Identifier: BSD-3-Clause

#include "net/listening.hpp"

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

class UnixSocket : public testing::Test {
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

  ASSERT_TRUE(opened.port) << opened.message;
  EXPECT_NE(opened.port->local().port(), 0);
  auto fd = opened.port->at(0).fd();
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(ListenOn, SaysThatAPortIsTaken) {
  auto first = listen_on(loopback());
  auto taken = first.port->local();

  auto second = listen_on(taken);

  EXPECT_FALSE(second.port);
  EXPECT_EQ(second.error, EADDRINUSE);
  EXPECT_EQ(second.message,
            "cannot listen on " + to_string(taken)
              + ": the port is taken; stop the program that uses "
                "it or choose another port");
}

TEST(ListenOn, SaysThatAnAddressIsNotOfThisMachine) {
  auto opened = listen_on(*endpoint::parse("192.0.2.1", 0));

  EXPECT_EQ(opened.error, EADDRNOTAVAIL);
  EXPECT_NE(opened.message.find("no such address"), std::string::npos);
}

TEST(ListenOn, OpensSeveralSocketsOnTheOnePortThatTheKernelPicked) {
  auto opened = listen_on(loopback(), {.sockets = 3});

  ASSERT_TRUE(opened.port) << opened.message;
  EXPECT_EQ(opened.port->sockets(), 3U);
  for (unsigned i = 0; i < 3; ++i)
    EXPECT_EQ(endpoint::local(opened.port->at(i).fd()).port(),
              opened.port->local().port());
  EXPECT_NE(opened.port->at(0).fd(), opened.port->at(1).fd());
}

TEST(ListenOn, DoesNotShareAPortThatSomebodyHasForHimself) {
  auto first = listen_on(loopback());

  auto second = listen_on(first.port->local(), {.sockets = 2});

  EXPECT_EQ(second.error, EADDRINUSE);
}

TEST(ListenOn, LetsClientsHaveItsTcpOptions) {
  auto opened
    = listen_on(loopback(), {.keepalive = 80s, .user_timeout = 7000ms});
  auto client = connect_to(opened.port->local());
  ASSERT_TRUE(client);

  coppice::net::socket accepted{
    ::accept4(opened.port->at(0).fd(), nullptr, nullptr, SOCK_CLOEXEC)};

  ASSERT_TRUE(accepted);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(accepted.fd(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_KEEPIDLE), 80);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_KEEPINTVL), 20);
  EXPECT_EQ(option(accepted.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT), 7000);
}

TEST(ListenOn, RefusesClientsOnceItIsShutAlsoIfSomebodyHoldsTheSocket) {
  auto opened = listen_on(loopback());
  auto where = opened.port->local();

  opened.port->shut();

  EXPECT_FALSE(connect_to(where));
}

// -- Unix sockets -------------------------------------------------------------

TEST_F(UnixSocket, HasTheModeThatWasAskedForAndGoesWithItsPort) {
  auto opened = listen_on(where, {.unix_mode = 0622});

  ASSERT_TRUE(opened.port) << opened.message;
  struct stat file {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0622U);
  EXPECT_TRUE(connect_to(where));
  opened.port.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, ReplacesAFileThatNobodyListensOn) {
  {
    coppice::net::socket left{::socket(AF_UNIX, SOCK_STREAM, 0)};
    ASSERT_EQ(::bind(left.fd(), where.data(), where.size()), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));

  auto opened = listen_on(where, {.unix_mode = 0666}); // more than the umask's

  ASSERT_TRUE(opened.port) << opened.message;
  struct stat file {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0666U);
  EXPECT_TRUE(connect_to(where));
}

TEST_F(UnixSocket, LeavesAFileOnWhichSomebodyListens) {
  auto first = listen_on(where);

  auto second = listen_on(where);

  EXPECT_EQ(second.error, EADDRINUSE);
  EXPECT_EQ(second.message, "cannot listen on unix:" + path
                              + ": another program listens there; stop it or "
                                "choose another path");
  EXPECT_TRUE(connect_to(where));
}

TEST_F(UnixSocket, NeverRemovesAFileThatIsNoSocket) {
  std::ofstream{path} << "precious";

  auto opened = listen_on(where);

  EXPECT_FALSE(opened.port);
  EXPECT_EQ(opened.message, "cannot listen on unix:" + path
                              + ": there is a file that is no socket; choose "
                                "another path");
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST_F(UnixSocket, DoesNotRemoveTheFileOfItsSuccessor) {
  auto first = listen_on(where);
  std::filesystem::remove(path);
  auto second = listen_on(where);

  first.port.reset();

  EXPECT_TRUE(connect_to(where));
}

// -- inherited sockets --------------------------------------------------------

TEST(Adopt, UsesASocketThatListensAndLeavesItOpen) {
  auto original = listen_on(loopback());
  auto where = original.port->local();
  {
    auto adopted = adopt({original.port->at(0).fd()});
    ASSERT_TRUE(adopted.port) << adopted.message;
    EXPECT_EQ(adopted.port->local().port(), where.port());
    adopted.port->shut();
  }
  EXPECT_TRUE(connect_to(where));
}

TEST(Adopt, RefusesWhatDoesNotListen) {
  coppice::net::socket idle{::socket(AF_INET, SOCK_STREAM, 0)};

  auto adopted = adopt({idle.fd()});

  EXPECT_FALSE(adopted.port);
  EXPECT_EQ(adopted.message, "cannot listen on the inherited descriptor "
                               + std::to_string(idle.fd())
                               + ": it is not a stream socket that listens");
  EXPECT_FALSE(adopt({9999}).port);
}

TEST(PassedDescriptors, AreThoseThatAreMeantForThisProcess) {
  auto given = [](const std::string& pid, const char* count) {
    ::setenv("LISTEN_PID", pid.c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
    auto result = passed_descriptors().size();
    ::unsetenv("LISTEN_PID");
    ::unsetenv("LISTEN_FDS");
    return result;
  };
  auto self = std::to_string(::getpid());

  EXPECT_EQ(given("1", "2"), 0U);
  EXPECT_EQ(given(self, "0"), 0U);
  EXPECT_EQ(given(self, "x"), 0U);
  EXPECT_EQ(given("", "1"), 0U);
  EXPECT_TRUE(passed_descriptors().empty());
}

} // namespace listening_test
