// A TCP server of coppice's loses an acceptor, and no client a byte. Sockets
// and reactors go by the computer's clock, and so does this test.

#include <coppice/net/connection.hpp>
#include <coppice/net/handler.hpp>
#include <coppice/net/listener.hpp>
#include <coppice/testing.hpp>

#include <memory>

using namespace coppice;
using namespace coppice::testing;

namespace {

class echo final : public net::handler {
public:
  void on_data(net::connection& self, std::string_view data) override {
    self.write(data);
  }
};

constexpr auto acceptor = "listener:echo/accepting/acceptors/acceptor:0";

class Server : public real_time_supervised_test {
protected:
  void SetUp() override {
    reactor = std::make_shared<net::reactor>(system(), 0);
    reactor->start_thread();
    listener = std::make_shared<net::listener>(
      net::listener_config{
        .name = "echo",
        .where = *net::endpoint::parse("127.0.0.1", 0),
        .topology = net::topology::supervised,
        .make_handler = [] { return std::make_unique<echo>(); },
      },
      rt(), std::vector{reactor});
    start_supervised(listener->child());
  }

  // The actors first, then what they live on.
  void TearDown() override {
    real_time_supervised_test::TearDown();
    reactor->stop_thread();
  }

  tcp_client connect() {
    return tcp_client{*listener->local()};
  }

  net::reactor_ptr reactor;
  net::listener_ptr listener;
};

} // namespace

TEST_F(Server, KeepsItsConnectionsWhenAnAcceptorIsKilled) {
  auto client = connect();
  ASSERT_TRUE(client.echoes(100'000));

  kill(acceptor);

  EXPECT_TRUE(eventually(restarted(acceptor)));
  EXPECT_TRUE(client.echoes(100'000));
  EXPECT_TRUE(connect().echoes(1'000));
}

TEST_F(Server, LosesOneConnectionByAnErrorAndNoOther) {
  auto unlucky = connect();
  auto other = connect();
  ASSERT_TRUE(other.echoes(1'000));
  ASSERT_TRUE(unlucky.echoes(1'000));

  {
    fault_scope scope{faults(), "net.recv", "1*error(EIO)"};
    ASSERT_TRUE(unlucky.sends("?"));
    EXPECT_TRUE(unlucky.is_closed());
  }

  EXPECT_TRUE(other.echoes(1'000));
  EXPECT_TRUE(connect().echoes(1'000));
}
