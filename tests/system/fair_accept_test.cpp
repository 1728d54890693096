// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"

#include <algorithm>

namespace coppice_test::fair_accept_test {

namespace {

class FairAccept : public server_test,
                   public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Acceptors, FairAccept, ::testing::Values(2, 4));

TEST_P(FairAccept, DealsClientsOutToAllAcceptors) {
  constexpr int many = 200;
#ifdef __SANITIZE_ADDRESS__
  constexpr double fair = 1.5; // an acceptor is slow to come back
#else
  constexpr double fair = 1.1;
#endif
  auto& server = serve({{"--acceptors", std::to_string(GetParam())}});
  // They stay, so that no acceptor is busy with one that goes when the next one
  // comes.
  std::vector<tcp_client> clients;
  for (int count = 0; count < many; ++count) {
    clients.push_back(connect_to(server));
    ASSERT_TRUE(echoes(clients.back()));
  }
  std::vector<int> accepted;
  const auto status = listener_api(server).status(); // outlives the loop
  for (const auto& reactor : status.at("reactors"))
    accepted.push_back(reactor.at("counters").at("accepted"));
  const auto [least, most] = std::ranges::minmax(accepted);
  EXPECT_LE(most, fair * least) << ::testing::PrintToString(accepted);
}

} // namespace

} // namespace coppice_test::fair_accept_test
