// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <atomic>
#include <csignal>
#include <functional>
#include <future>

#include <unistd.h>

namespace coppice_test::closing_queue_test {

namespace {

// What closes a port.
struct way_to_close {
  const char* name;
  std::function<void(server_process&)> close;
};

void PrintTo(const way_to_close& way, std::ostream* out) {
  *out << way.name;
}

const std::vector<way_to_close> every_way{
  {"sigterm", [](auto& server) { server.signal(SIGTERM); }},
  {"drain", [](auto& server) { listener_api(server).drain(); }},
  {"suspend", [](auto& server) { listener_api(server).suspend(); }},
  {"kill",
   [](auto& server) { admin_api(server.admin_port()).kill(paths::port); }}};

std::string way_name(const ::testing::TestParamInfo<way_to_close>& info) {
  return info.param.name;
}

class ClosingQueue : public server_test,
                     public ::testing::WithParamInterface<way_to_close> {
protected:
  // One client has the only place, others wait in the queue and have spoken.
  void wait_in_vain(server_process& server) {
    auto first = connect_to(server);
    EXPECT_TRUE(echoes(first));
    std::vector<tcp_client> waiting;
    for (int count = 0; count < 5; ++count) {
      waiting.push_back(connect_to(server));
      waiting.back().send_all("is anybody there?\n");
    }
    GetParam().close(server);
    if (std::string_view(GetParam().name) == "kill") {
      // The port comes back, and with it a place for one of them.
      first.close();
    }
    for (auto& client : waiting) {
      client.half_close();
      EXPECT_EQ(client.receive_rest().end, ending::eof);
    }
  }

  temporary_directory directory_;
};
INSTANTIATE_TEST_SUITE_P(, ClosingQueue, ::testing::ValuesIn(every_way),
                         way_name);

TEST_P(ClosingQueue, IsToldGoodbyeWhereThereIsNoRoom) {
  wait_in_vain(serve({{"--max-connections", "1", "--drain-timeout", "2s"}}));
}

TEST_P(ClosingQueue, IsToldGoodbyeOnSeveralSockets) {
  wait_in_vain(serve({{"--max-connections", "1", "--drain-timeout", "2s",
                       "--acceptors", "2", "--listen-sockets", "2"}}));
}

TEST_P(ClosingQueue, IsToldGoodbyeOnAUnixSocket) {
  serve_options options{{"--max-connections", "1", "--drain-timeout", "2s"}};
  options.bind = "unix:" + directory_.file("echo.sock");
  options.port = "";
  wait_in_vain(serve(options));
}

TEST_P(ClosingQueue, IsToldGoodbyeFromTheWaitingRoom) {
  wait_in_vain(serve({{"--max-connections", "1", "--drain-timeout", "2s",
                       "--overflow", "reject", "--reject-after", "1m"}}));
}

// Clients that keep coming, each with a line.
class coming_crowd {
public:
  explicit coming_crowd(const server_process& server)
      : host_(server.host()), port_(server.port()) {
    for (int count = 0; count < 64; ++count)
      clients_.push_back(std::async(std::launch::async, [this] { run(); }));
  }

  ~coming_crowd() {
    stop();
  }

  void stop() {
    stop_ = true;
    for (auto& each : clients_)
      each.wait();
  }

  int answered() const {
    return answered_;
  }
  // Connected, and then reset or left without a word.
  int betrayed() const {
    return betrayed_;
  }

private:
  void run() {
    while (!stop_) {
      const int fd = start_connect(host_, port_);
      if (fd < 0 || finish_connect(fd, deadline()) != 0) {
        if (fd >= 0)
          ::close(fd);
        return; // refused: it goes elsewhere, and leaves the machine to others
      }
      try {
        tcp_client client(fd);
        client.send_all("hello\n");
        client.half_close();
        const received got = client.receive_rest();
        const bool served = got.end == ending::eof && got.data == "hello\n";
        ++(served ? answered_ : betrayed_);
      } catch (const std::exception&) {
        ++betrayed_; // it could not even send
      }
    }
  }

  std::string host_;
  std::uint16_t port_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0;
  std::atomic<int> betrayed_ = 0;
  std::vector<std::future<void>> clients_;
};

using StopUnderLoad = server_test;

TEST_F(StopUnderLoad, BetraysNobody) {
  for (int round = 0; round < 10; ++round) {
    auto& server = serve({{"--acceptors", "2"}});
    coming_crowd crowd(server);
    ASSERT_TRUE(eventually([&] { return crowd.answered() > 200; }));
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait_exit(), 0);
    crowd.stop();
    EXPECT_EQ(crowd.betrayed(), 0) << "round " << round;
  }
}

using DrainDelay = server_test;

TEST_F(DrainDelay, TakesClientsUntilItIsOver) {
  auto& server = serve({{"--drain-delay", "1500ms"}});
  const stopwatch since;
  server.signal(SIGTERM);
  while (since.elapsed() < milliseconds(1'000))
    ASSERT_TRUE(serves(server));
  EXPECT_TRUE(eventually_refused(server.host(), server.port()));
  EXPECT_GE(since.elapsed(), milliseconds(1'450));
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_F(DrainDelay, IsCutShortByASecondSignal) {
  auto& server = serve({{"--drain-delay", "10m"}});
  server.signal(SIGTERM);
  // A second one that comes before the first was taken is one with it.
  EXPECT_TRUE(eventually([&] {
    return server.err().find("is about to drain") != std::string::npos;
  }));
  EXPECT_TRUE(serves(server));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
}

} // namespace

} // namespace coppice_test::closing_queue_test
