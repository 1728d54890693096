// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include <iterator>
#include <regex>

namespace coppice_test::alarm_test {

namespace {

class Alarm : public topology_test {
protected:
  static int alarms(const server_process& server) {
    static const std::regex line(
      "(warning|error|info|critical) [^ ]*listener:echo:? "
      ".*connections");
    const std::string err = server.err();
    return static_cast<int>(
      std::distance(std::sregex_iterator(err.begin(), err.end(), line), {}));
  }
};
INSTANTIATE_TEST_SUITE_P(, Alarm, every_topology, topology_name);

TEST_P(Alarm, IsRaisedOnceInItsPeriodWhenTheNumberIsReached) {
  constexpr std::size_t threshold = 5;
  auto& server = serve_topology(
    {{"--alarm", std::to_string(threshold), "--alarm-period", "10m"}});
  std::vector<tcp_client> clients;
  while (clients.size() + 1 < threshold) {
    clients.push_back(connect_to(server));
    EXPECT_TRUE(echoes(clients.back()));
  }
  EXPECT_EQ(alarms(server), 0);
  for (int round = 0; round < 10; ++round) {
    auto another = connect_to(server);
    EXPECT_TRUE(echoes(another));
    EXPECT_TRUE(eventually([&] { return alarms(server) > 0; }));
  }
  EXPECT_EQ(alarms(server), 1);
}

TEST_P(Alarm, IsRaisedAgainAfterItsPeriod) {
  constexpr milliseconds period{500};
  auto& server = serve_topology({{"--alarm", "2", "--alarm-period", "500ms"}});
  auto first = connect_to(server);
  EXPECT_TRUE(echoes(first));
  const stopwatch since;
  EXPECT_TRUE(eventually([&] {
    auto second = connect_to(server);
    EXPECT_TRUE(echoes(second));
    return alarms(server) >= 3;
  }));
  EXPECT_GE(since.elapsed(), 2 * period - milliseconds(20));
}

} // namespace

} // namespace coppice_test::alarm_test
