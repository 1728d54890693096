// A whole server in a test: an hour of its life takes no time. Its sockets are
// real, its clock is the test's.

#include <coppice/server.hpp>
#include <coppice/testing.hpp>

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

constexpr auto acceptor = "echo/listener:echo/accepting/acceptors/acceptor:0";

class Echo : public supervised_test {
protected:
  server& echo = start<server>({
    .name = "echo",
    .handler = handled_by(
      [](connection& self, std::string_view data) { self.write(data); }),
    .limits = {.idle = 1h},
  });
};

TEST_F(Echo, EndsAConnectionThatIsIdleForAnHour) {
  auto client = connect(echo);
  ASSERT_TRUE(client.echoes(100'000));

  advance(61min);

  EXPECT_TRUE(client.is_closed());
}

TEST_F(Echo, ServesAgainAfterAnAcceptorWasKilled) {
  kill("acceptor:0");

  EXPECT_THAT(history(), restarted(acceptor));
  EXPECT_TRUE(connect(echo).echoes(100'000));
}
