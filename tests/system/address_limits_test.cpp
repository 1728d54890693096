// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"

namespace coppice_test::address_limits_test {

namespace {

const std::string somewhere = "127.0.0.2";
const std::string elsewhere = "127.0.0.3";

class AddressLimit : public topology_test {
protected:
  static tcp_client from(const std::string& address,
                         const server_process& server) {
    return tcp_client(server.host(), server.port(), {0, address});
  }
};
INSTANTIATE_TEST_SUITE_P(, AddressLimit, every_topology, topology_name);

TEST_P(AddressLimit, ClosesTheNextOneOfAnAddressAtOnceAndSparesOthers) {
  auto& server = serve_topology({{"--max-per-address", "2"}});
  listener_api listener(server);
  auto one = from(somewhere, server);
  auto two = from(somewhere, server);
  EXPECT_TRUE(echoes(one));
  EXPECT_TRUE(echoes(two));
  auto three = from(somewhere, server);
  EXPECT_TRUE(ends(three));
  auto other = from(elsewhere, server);
  EXPECT_TRUE(echoes(other));
  EXPECT_TRUE(echoes(one));
  EXPECT_TRUE(listener.await_counter("rejected_by_address", 1));
  EXPECT_EQ(listener.active(), 3);
}

TEST_P(AddressLimit, GivesPlacesBack) {
  auto& server = serve_topology({{"--max-per-address", "1"}});
  listener_api listener(server);
  for (int round = 0; round < 50; ++round) {
    auto client = from(somewhere, server);
    ASSERT_TRUE(echoes(client)) << round;
    client.close();
    ASSERT_TRUE(listener.await_active(0));
  }
}

TEST_P(AddressLimit, OffIsNone) {
  constexpr int many = 50;
  auto& server = serve_topology({{"--max-per-address", "off"}});
  std::vector<tcp_client> clients;
  for (int count = 0; count < many; ++count) {
    clients.push_back(from(somewhere, server));
    EXPECT_TRUE(echoes(clients.back()));
  }
}

TEST_P(AddressLimit, SetLiveCountsThoseThatAreThere) {
  auto& server = serve_topology();
  listener_api listener(server);
  auto one = from(somewhere, server);
  auto two = from(somewhere, server);
  EXPECT_TRUE(echoes(one));
  EXPECT_TRUE(echoes(two));
  listener.set_limits({{"max_per_address", 1}});
  auto three = from(somewhere, server);
  EXPECT_TRUE(ends(three));
  EXPECT_TRUE(echoes(one));
  EXPECT_TRUE(echoes(two));
  listener.set_limits({{"max_per_address", nullptr}});
  auto four = from(somewhere, server);
  EXPECT_TRUE(echoes(four));
}

TEST_P(AddressLimit, DoesNotTakePlacesOfTheWholeLimit) {
  auto& server
    = serve_topology({{"--max-per-address", "1", "--max-connections", "2"}});
  auto one = from(somewhere, server);
  EXPECT_TRUE(echoes(one));
  for (int count = 0; count < 20; ++count) {
    auto next = from(somewhere, server);
    ASSERT_TRUE(ends(next));
  }
  auto other = from(elsewhere, server);
  EXPECT_TRUE(echoes(other));
}

} // namespace

} // namespace coppice_test::address_limits_test
