// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "sanitizer.hpp"
#include "server_fixture.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

namespace coppice_test::fair_accept_test {

namespace {

class FairAccept : public server_test,
                   public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Acceptors, FairAccept, ::testing::Values(2, 4));

// How many clients each acceptor has had.
std::vector<int> accepted_by_each(const server_process& server) {
  std::vector<int> result;
  const auto status = listener_api(server).status(); // outlives the loop
  for (const auto& reactor : status.at("reactors"))
    result.push_back(reactor.at("counters").at("accepted"));
  return result;
}

// An acceptor whose thread has to wait for a CPU gets fewer, and rightly so.
// That may happen in one round, on a busy machine, and not in all of them.
TEST_P(FairAccept, DealsClientsOutToAllAcceptors) {
  constexpr int rounds = 5;
  constexpr int many = 200;
  // With the sanitizer, an acceptor is slow to come back.
  constexpr double fair = under_address_sanitizer ? 1.5 : 1.1;
  auto& server = serve({{"--acceptors", std::to_string(GetParam())}});
  auto before = accepted_by_each(server);
  std::string seen;
  // They stay, so that no acceptor is busy with one that goes when the next one
  // comes.
  std::vector<tcp_client> clients;
  for (int round = 0; round < rounds; ++round) {
    for (int count = 0; count < many; ++count) {
      clients.push_back(connect_to(server));
      ASSERT_TRUE(echoes(clients.back()));
    }
    const auto after = accepted_by_each(server);
    std::vector<int> dealt;
    std::ranges::transform(after, before, std::back_inserter(dealt),
                           std::minus<>());
    const auto [least, most] = std::ranges::minmax(dealt);
    if (most <= fair * least)
      return;
    seen += ::testing::PrintToString(dealt) + " ";
    before = after;
  }
  FAIL() << "unfair in each round: " << seen;
}

} // namespace

} // namespace coppice_test::fair_accept_test
