// SPDX-License-Identifier: BSD-3-Clause

#include "cpu_share.hpp"
#include "server_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>

namespace coppice_test::fd_exhaustion_test {

namespace {

constexpr rlim_t few_files = 64;
constexpr int more_clients_than_files = 100;
const std::string greeting = "let me in\n";

class FdExhaustion : public topology_test {
protected:
  void SetUp() override {
    descriptors_run_out();
    serve_options options{{"--acceptors", "2"}};
    options.max_open_files = few_files;
    // UBSan errs without descriptors (see server_fixture.cpp): it must not end
    // the server for that, nor does what it leaks then count.
    options.env = {{"UBSAN_OPTIONS", "halt_on_error=0"},
                   {"ASAN_OPTIONS", "detect_leaks=0"}};
    server_ = &serve_topology(options);
    for (int count = 0; count < more_clients_than_files; ++count) {
      waiting_.push_back(connect_to(*server_));
      waiting_.back().send_all(greeting);
    }
  }

  // Moves those that have been greeted from waiting to served.
  void collect() {
    for (auto client = waiting_.begin(); client != waiting_.end();) {
      if (!client->has_input()) {
        ++client;
        continue;
      }
      EXPECT_EQ(client->receive(greeting.size()), greeting);
      served_.push_back(std::move(*client));
      client = waiting_.erase(client);
    }
  }

  // Waits until `count` more are served.
  bool await_served(std::size_t count) {
    const std::size_t wanted = served_.size() + count;
    return eventually([&] {
      collect();
      return served_.size() >= wanted;
    });
  }

  // Waits until descriptors are short: some are served and then, for a
  // while, no one else.
  void exhaust() {
    constexpr milliseconds quiet{500};
    std::size_t before = 0;
    do {
      before = served_.size();
      eventually(
        [&] {
          collect();
          return served_.size() > before;
        },
        before == 0 ? patience : quiet);
    } while (served_.size() > before);
    ASSERT_GT(served_.size(), 0U);
    ASSERT_GT(waiting_.size(), 0U) << "the limit had no effect";
  }

  void leave(std::size_t count) {
    const auto leaving = std::min<std::ptrdiff_t>(
      std::ssize(served_), static_cast<std::ptrdiff_t>(count));
    served_.erase(served_.begin(), served_.begin() + leaving);
  }

  server_process* server_ = nullptr;
  std::vector<tcp_client> waiting_;
  std::vector<tcp_client> served_;
};
INSTANTIATE_TEST_SUITE_P(, FdExhaustion, every_topology, topology_name);

TEST_P(FdExhaustion, ConnectedClientsAreServedOn) {
  ASSERT_NO_FATAL_FAILURE(exhaust());
  for (int round = 0; round < 10; ++round) {
    for (auto& client : served_)
      ASSERT_TRUE(echoes(client));
  }
}

TEST_P(FdExhaustion, CostsNearlyNoCpu) {
  ASSERT_NO_FATAL_FAILURE(exhaust());
  EXPECT_LT(cpu_share(server_->pid()), nearly_no_cpu);
  EXPECT_TRUE(server_->running());
}

TEST_P(FdExhaustion, SignalStillEndsTheServer) {
  // No one waits for the exhaustion: it may come while the start ends.
  server_->signal(SIGTERM);
  EXPECT_TRUE(eventually_refused(server_->host(), server_->port()));
  server_->signal(SIGTERM);
  EXPECT_EQ(server_->wait_exit(), 0);
}

TEST_P(FdExhaustion, WaitingClientsAreServedWhenOthersLeave) {
  constexpr std::size_t leaving = 40;
  ASSERT_NO_FATAL_FAILURE(exhaust());
  const std::size_t places
    = std::min({leaving, served_.size(), waiting_.size()});
  leave(leaving);
  // The admin API may take one place: its thread waits in accept(2), and Linux
  // reserves the descriptor of the next connection before it waits.
  EXPECT_TRUE(await_served(places - 1)) << waiting_.size() << " still wait";
  for (auto& client : served_)
    ASSERT_TRUE(echoes(client));
}

TEST_P(FdExhaustion, EveryClientIsServedInTheEnd) {
  ASSERT_NO_FATAL_FAILURE(exhaust());
  while (!waiting_.empty()) {
    leave(served_.size());
    ASSERT_TRUE(await_served(1)) << waiting_.size() << " still wait";
  }
  served_.clear();
  EXPECT_TRUE(serves(*server_));
  EXPECT_TRUE(admin_api(server_->admin_port()).await_healed());
}

} // namespace

} // namespace coppice_test::fd_exhaustion_test
