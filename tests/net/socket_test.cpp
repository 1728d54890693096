// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/endpoint.hpp"
#include "net/cpu_limit.hpp"
#include "net/socket.hpp"

#include <fcntl.h>

#include <cerrno>
#include <limits>

#include <gtest/gtest.h>

namespace socket_test {

using namespace coppice::net;

TEST(Endpoint, ReadsNumericAddresses) {
  EXPECT_EQ(to_string(*endpoint::parse("127.0.0.1", 6000)), "127.0.0.1:6000");
  EXPECT_EQ(to_string(*endpoint::parse("::1", 6000)), "[::1]:6000");
  EXPECT_EQ(to_string(*endpoint::parse("localhost", 1)), "127.0.0.1:1");
}

TEST(Endpoint, RefusesEverythingElse) {
  for (auto text : {"", "example.org", "1.2.3", "300.1.1.1", ":::", "*"})
    EXPECT_FALSE(endpoint::parse(text, 1)) << text;
  EXPECT_FALSE(endpoint::parse({"127.0.0.1\0.example.org", 22}, 1));
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

TEST(Endpoint, NamesUnixSocketsByTheirPath) {
  auto ep = endpoint::unix_path("/run/echo.sock");

  ASSERT_TRUE(ep);
  EXPECT_EQ(to_string(*ep), "unix:/run/echo.sock");
  EXPECT_TRUE(ep->loopback());
  EXPECT_FALSE(ep->any());
  EXPECT_EQ(ep->port(), 0);
}

TEST(Endpoint, RefusesPathsThatTheKernelCannotTake) {
  EXPECT_FALSE(endpoint::unix_path(""));
  EXPECT_FALSE(endpoint::unix_path(std::string("a\0b", 3)));
  EXPECT_TRUE(endpoint::unix_path(std::string(107, 'x')));
  EXPECT_FALSE(endpoint::unix_path(std::string(108, 'x')));
}

TEST(Socket, ClosesItsDescriptorOnceItIsMovedFrom) {
  coppice::net::socket first{::socket(AF_INET, SOCK_STREAM, 0)};
  auto fd = first.fd();
  {
    coppice::net::socket other{std::move(first)};
    EXPECT_EQ(first.fd(), -1);
    EXPECT_EQ(other.fd(), fd);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(CpuLimit, ReadsTheQuotaOfACgroupRoundedUp) {
  EXPECT_EQ(parse_cpu_max("200000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 2U);
  EXPECT_EQ(parse_cpu_max("1000 100000\n"), 1U);
}

TEST(CpuLimit, StaysInRangeWhateverTheQuota) {
  constexpr auto most = std::numeric_limits<unsigned>::max();
  EXPECT_EQ(parse_cpu_max("18446744073709551615 100000\n"), most);
  EXPECT_EQ(parse_cpu_max("4294967296 1\n"), most);
  EXPECT_EQ(parse_cpu_max("1 18446744073709551615\n"), 1U);
}

TEST(CpuLimit, FindsNoLimitWhereThereIsNone) {
  for (auto text : {"max 100000\n", "", "200000", "200000 0\n", "x y"})
    EXPECT_FALSE(parse_cpu_max(text)) << text;
}

TEST(CpuLimit, AllowsAtLeastOneCpu) {
  EXPECT_GE(allowed_cpus(), 1U);
}

} // namespace socket_test
