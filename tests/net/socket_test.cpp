#include "coppice/net/cpu_limit.hpp"
#include "coppice/net/socket.hpp"

#include <fcntl.h>

#include <cerrno>

#include <gtest/gtest.h>

using namespace coppice::net;

TEST(Endpoint, ReadsNumericAddresses) {
  EXPECT_EQ(to_string(*endpoint::parse("127.0.0.1", 6000)), "127.0.0.1:6000");
  EXPECT_EQ(to_string(*endpoint::parse("::1", 6000)), "[::1]:6000");
  EXPECT_EQ(to_string(*endpoint::parse("localhost", 1)), "127.0.0.1:1");
}

TEST(Endpoint, RefusesEverythingElse) {
  for (auto text : {"", "example.org", "1.2.3", "300.1.1.1", ":::", "*"})
    EXPECT_FALSE(endpoint::parse(text, 1)) << text;
}

TEST(Endpoint, KnowsLoopbackAndAny) {
  EXPECT_TRUE(endpoint::parse("127.9.9.9", 1)->loopback());
  EXPECT_TRUE(endpoint::parse("::1", 1)->loopback());
  EXPECT_FALSE(endpoint::parse("10.0.0.1", 1)->loopback());
  EXPECT_FALSE(endpoint::parse("::", 1)->loopback());
  EXPECT_TRUE(endpoint::parse("::", 1)->any());
  EXPECT_TRUE(endpoint::parse("0.0.0.0", 1)->any());
  EXPECT_FALSE(endpoint::parse("::1", 1)->any());
}

TEST(ListenTcp, GivesAPortWhenAskedForAnyAndClosesItOnExec) {
  auto opened = listen_tcp(*endpoint::parse("127.0.0.1", 0), 1);

  ASSERT_TRUE(opened.sock) << opened.message;
  EXPECT_NE(endpoint::local(opened.sock.fd()).port(), 0);
  EXPECT_NE(::fcntl(opened.sock.fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(opened.sock.fd(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(ListenTcp, SaysThatAPortIsTaken) {
  auto first = listen_tcp(*endpoint::parse("127.0.0.1", 0), 1);
  auto taken = endpoint::local(first.sock.fd());

  auto second = listen_tcp(taken, 1);

  EXPECT_FALSE(second.sock);
  EXPECT_EQ(second.error, EADDRINUSE);
  EXPECT_EQ(second.message, "cannot listen on " + to_string(taken)
                              + ": the port is taken; stop who has it or "
                                "choose another port");
}

TEST(ListenTcp, SaysThatAnAddressIsNotOfThisMachine) {
  auto opened = listen_tcp(*endpoint::parse("192.0.2.1", 0), 1);

  EXPECT_EQ(opened.error, EADDRNOTAVAIL);
  EXPECT_NE(opened.message.find("no such address"), std::string::npos);
}

TEST(Socket, ClosesItsDescriptorOnceItIsMovedFrom) {
  auto opened = listen_tcp(*endpoint::parse("127.0.0.1", 0), 1);
  auto fd = opened.sock.fd();
  {
    coppice::net::socket other{std::move(opened.sock)};
    EXPECT_EQ(opened.sock.fd(), -1);
    EXPECT_EQ(other.fd(), fd);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(CpuLimit, ReadsTheQuotaOfACgroupRoundedUp) {
  EXPECT_EQ(parse_cpu_max("200000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("1000 100000\n"), 1U);
}

TEST(CpuLimit, FindsNoLimitWhereThereIsNone) {
  for (auto text : {"max 100000\n", "", "200000", "200000 0\n", "x y"})
    EXPECT_FALSE(parse_cpu_max(text)) << text;
}

TEST(CpuLimit, AllowsAtLeastOneCpu) {
  EXPECT_GE(allowed_cpus(), 1U);
}
