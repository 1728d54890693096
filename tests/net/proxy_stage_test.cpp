// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_stage.hpp"
#include "net/socket_stage.hpp"
#include "support/stage_fixture.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace proxy_stage_test {

using namespace coppice;
using namespace coppice::net;

namespace {

constexpr std::string_view header
  = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";

class ProxyStage : public test::stage_fixture {
protected:
  std::string receive(std::size_t limit = 64) {
    std::string result(limit, 0);
    auto n = stage.receive(result);
    if (n < 0)
      return errno == EAGAIN ? "later" : "failed";
    result.resize(static_cast<std::size_t>(n));
    return result;
  }

  socket_stage wire{std::move(ours), traffic};
  proxy_stage stage{wire, host};
};

} // namespace

TEST_F(ProxyStage, TellsOfTheHeaderAndPassesWhatComesAfterIt) {
  EXPECT_FALSE(stage.ready());
  peer_sends(std::string{header} + "hello");

  EXPECT_EQ(receive(), "later");
  EXPECT_TRUE(stage.ready());
  EXPECT_TRUE(stage.has_input());
  EXPECT_EQ(receive(3), "hel");
  EXPECT_FALSE(stage.idle());
  EXPECT_EQ(receive(), "lo");

  EXPECT_TRUE(stage.idle());
  EXPECT_FALSE(stage.has_input());
  peer_sends("more");
  EXPECT_EQ(receive(), "more");
  ASSERT_EQ(host.headers.size(), 1U);
  EXPECT_EQ(to_string(*host.headers.front().source), "192.0.2.7:4711");
}

TEST_F(ProxyStage, TakesAHeaderThatIsCutAnywhere) {
  for (auto byte : header) {
    EXPECT_FALSE(stage.ready());
    peer_sends({&byte, 1});
    EXPECT_EQ(receive(), "later");
  }

  EXPECT_TRUE(stage.ready());
  EXPECT_TRUE(stage.idle());
}

TEST_F(ProxyStage, TakesNoOutputBeforeTheHeader) {
  EXPECT_FALSE(stage.takes_output());
  EXPECT_EQ(stage.transmit("x"), -1);
  EXPECT_EQ(errno, EAGAIN);
  peer_sends(header);
  EXPECT_EQ(receive(), "later");

  EXPECT_TRUE(stage.takes_output());
  EXPECT_EQ(stage.transmit("x"), 1);
  EXPECT_EQ(peer_gets(), "x");
}

TEST_F(ProxyStage, RefusesWhoSendsSomethingElse) {
  peer_sends("GET / HTTP/1.1\r\n");

  EXPECT_EQ(receive(), "later");

  ASSERT_EQ(host.refused.size(), 1U);
  EXPECT_EQ(host.refused.front(),
            (std::pair<refusal, std::string>{refusal::no_proxy_header,
                                             "no PROXY header"}));
}

TEST_F(ProxyStage, RefusesAHeaderThatMakesNoSense) {
  peer_sends("PROXY TCP4 192.0.2.7 198.51.100.1 70000 443\r\n");

  EXPECT_EQ(receive(), "later");

  ASSERT_EQ(host.refused.size(), 1U);
  EXPECT_EQ(host.refused.front().first, refusal::bad_proxy_header);
}

TEST_F(ProxyStage, SaysNothingOfWhoLeavesWithoutAByte) {
  peer.close();

  EXPECT_EQ(receive(), "later");

  ASSERT_EQ(host.refused.size(), 1U);
  EXPECT_EQ(host.refused.front(),
            (std::pair<refusal, std::string>{refusal::no_proxy_header, ""}));
}

TEST_F(ProxyStage, RefusesWhoLeavesInTheMiddle) {
  peer_sends("PROXY TCP4");
  EXPECT_EQ(receive(), "later");
  peer.close();

  EXPECT_EQ(receive(), "later");

  ASSERT_EQ(host.refused.size(), 1U);
  EXPECT_EQ(host.refused.front().second,
            "the client left before the PROXY header was complete");
}

} // namespace proxy_stage_test
