// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace coppice_test::rates_test {

namespace {

const std::string somewhere = "127.0.0.2";
const std::string elsewhere = "127.0.0.3";

class RateLimit : public topology_test {
protected:
  static tcp_client from(const std::string& address,
                         const server_process& server) {
    return tcp_client(server.host(), server.port(), {0, address});
  }

  static void limit(const server_process& server,
                    std::vector<std::string> options) {
    options.insert(options.begin(), "limit");
    const command_result result = server.cli(options);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
};
INSTANTIATE_TEST_SUITE_P(, RateLimit, every_topology, topology_name);

// As many that those who wait would need a minute.
constexpr int many = 62;

TEST_P(RateLimit, LetsClientsWaitUntilItIsTakenOff) {
  auto& server
    = serve_topology({{"--accept-rate", "1", "--accept-burst", "2"}});
  listener_api listener(server);
  std::vector<tcp_client> clients;
  for (int count = 0; count < many; ++count)
    clients.push_back(connect_to(server));
  EXPECT_TRUE(echoes(clients[0]));
  EXPECT_TRUE(listener.await([](const json& status) {
    return status.at("counters").at("accept_pauses") >= 1;
  }));
  EXPECT_LT(listener.counters().at("accepted"), many);

  limit(server, {"--accept-rate", "off"});

  for (auto& client : clients)
    EXPECT_TRUE(echoes(client));
  EXPECT_EQ(listener.counters().at("accepted"), many);
}

TEST_P(RateLimit, ClosesClientsOfOneAddressAndSparesOthers) {
  auto& server
    = serve_topology({{"--acceptors", "1", "--accept-rate-per-address", "1",
                       "--accept-burst-per-address", "2"}});
  listener_api listener(server);
  std::vector<tcp_client> clients;
  for (int count = 0; count < many; ++count)
    clients.push_back(from(somewhere, server));
  EXPECT_TRUE(echoes(clients[0]));
  EXPECT_TRUE(echoes(clients[1]));
  EXPECT_TRUE(listener.await([](const json& status) {
    auto& counted = status.at("counters");
    return counted.at("rejected_by_rate") >= 1
           && counted.at("rejected_by_rate").get<int>()
                  + counted.at("accepted").get<int>()
                == many;
  }));

  auto other = from(elsewhere, server);

  EXPECT_TRUE(echoes(other));
}

TEST_P(RateLimit, ReadsNoFasterUntilItIsTakenOff) {
  auto& server
    = serve_topology({{"--read-rate", "20000", "--read-burst", "10000"}});
  auto client = connect_to(server);
  const std::string data = random_bytes(30'000);
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_TRUE(echoes(client, data));

  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1000));
  EXPECT_GE(listener_api(server).counters().at("read_pauses"), 1);
  limit(server, {"--read-rate", "1", "--read-burst", "1"});
  client.send_all(data);
  EXPECT_TRUE(listener_api(server).await([](const json& status) {
    return status.at("counters").at("bytes_in") == 30'001;
  }));
  limit(server, {"--read-rate", "off"});
  EXPECT_TRUE(same_bytes(client.receive(data.size()), data));
}

TEST_P(RateLimit, ReadsNoFasterFromOneAddress) {
  auto& server = serve_topology(
    {{"--read-rate-per-address", "20000", "--read-burst-per-address", "1000"}});
  const std::string data = random_bytes(10'000);
  std::vector<tcp_client> clients;
  const auto begin = std::chrono::steady_clock::now();
  for (int count = 0; count < 3; ++count) {
    clients.push_back(from(somewhere, server));
    clients.back().send_all(data);
  }
  auto other = from(elsewhere, server);

  EXPECT_TRUE(echoes(other));
  for (auto& client : clients)
    EXPECT_TRUE(same_bytes(client.receive(data.size()), data));

  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1450));
}

TEST_P(RateLimit, EndsNoConnectionThatWaitsForIt) {
  auto& server
    = serve_topology({{"--read-rate", "1", "--idle-timeout", "300ms"}});
  auto client = connect_to(server);
  client.send_all("123");

  EXPECT_EQ(client.receive(3), "123"); // after two seconds
  EXPECT_TRUE(ends(client));
}

TEST_P(RateLimit, IsShownByStatus) {
  auto& server = serve_topology({{"--read-rate", "5"}});
  limit(server, {"--accept-rate", "7", "--accept-burst", "9"});

  const command_result status = server.cli({"status"});

  EXPECT_NE(status.out.find("--read-rate 5"), std::string::npos) << status.out;
  EXPECT_NE(status.out.find("--accept-rate 7"), std::string::npos);
  EXPECT_NE(status.out.find("--accept-burst 9"), std::string::npos);
}

} // namespace

} // namespace coppice_test::rates_test
