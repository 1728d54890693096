// SPDX-License-Identifier: BSD-3-Clause

#include "background.hpp"
#include "faults.hpp"
#include "process_view.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stop_token>
#include <thread>

namespace coppice_test::process_test {

namespace {

// The server as a guest of its machine: signals, descriptors, clocks.
using Process = topology_test;
INSTANTIATE_TEST_SUITE_P(, Process, every_topology, topology_name);

constexpr int kernel_kills = 128 + SIGKILL;

TEST_P(Process, StartsAndStopsTenTimesOnOnePort) {
  serve_options options;
  for (int round = 0; round < 10; ++round) {
    auto& server = serve_topology(options);
    options.port = std::to_string(server.port());
    auto client = connect_to(server);
    ASSERT_TRUE(echoes(client)) << round;
    server.signal(SIGTERM);
    server.signal(SIGINT);
    ASSERT_EQ(server.wait_exit(), 0) << round;
    ASSERT_EQ(connect_error(server.host(), server.port()), ECONNREFUSED);
  }
}

TEST_P(Process, StartsAgainAtOnceWhenItWasKilledWithConnections) {
  constexpr int many = 100;
  auto& first = serve_topology();
  std::vector<tcp_client> clients;
  for (int count = 0; count < many; ++count) {
    clients.push_back(connect_to(first));
    ASSERT_TRUE(echoes(clients.back()));
  }
  first.signal(SIGKILL);
  EXPECT_EQ(first.wait_exit(), kernel_kills);

  serve_options options;
  options.port = std::to_string(first.port());
  auto& second = serve_topology(options);
  EXPECT_TRUE(serves(second));
  for (auto& client : clients)
    EXPECT_TRUE(ends(client));
}

TEST_P(Process, SignalsThatMeanNothingDisturbNoConnection) {
  auto& server = serve_topology();
  numbered_stream stream(server);
  for (int count = 0; count < 1'000; ++count) {
    server.signal(SIGCHLD);
    server.signal(SIGWINCH);
  }
  const int before = stream.checked();
  EXPECT_TRUE(eventually([&] { return stream.checked() > before; }));
  EXPECT_EQ(stream.finish(), "");
}

// A stop and a continuation interrupt system calls even of those who handle no
// signal.
TEST_P(Process, InterruptedSystemCallsDisturbNoConnection) {
  auto& server = serve_topology();
  auto silent = connect_to(server);
  EXPECT_TRUE(echoes(silent));
  numbered_stream stream(server);
  for (int count = 0; count < 200; ++count) {
    server.signal(SIGSTOP);
    server.signal(SIGCONT);
  }
  const int before = stream.checked();
  EXPECT_TRUE(eventually([&] { return stream.checked() > before; }));
  EXPECT_EQ(stream.finish(), "");
  EXPECT_TRUE(echoes(silent));
  EXPECT_TRUE(serves(server));
}

// What the server has from this process, and did not open itself.
bool inherited(const open_file& file) {
  const auto mine = open_files(::getpid());
  return file.number <= STDERR_FILENO
         || std::any_of(mine.begin(), mine.end(), [&](const auto& other) {
              return other.number == file.number && other.target == file.target;
            });
}

TEST(OpenFiles, LeavesOutWhatIsClosedWhileItLooks) {
  std::jthread opens([](const std::stop_token& over) {
    while (!over.stop_requested())
      ::close(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  });
  for (int look = 0; look < 5000; ++look)
    for (const auto& file : open_files(::getpid()))
      if (file.target == "/etc/passwd") {
        ASSERT_TRUE(file.close_on_exec) << look;
      }
}

TEST_P(Process, PortAndConnectionsAreClosedForProgramsThatItMightRun) {
  auto& server = serve_topology();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  int looked_at = 0;
  for (const auto& file : open_files(server.pid())) {
    if (inherited(file))
      continue;
    EXPECT_TRUE(file.close_on_exec) << file.number << " " << file.target;
    ++looked_at;
  }
  EXPECT_GE(looked_at, 3); // a port, a connection, the port of the admin page
}

TEST_P(Process, RestartsLeaveNoThreadsAndFilesBehind) {
  auto& server = serve_topology(
    {{"--acceptors", "2", "--max-restarts", "1000000", "--max-seconds", "1"}});
  admin_api admin(server.admin_port());
  EXPECT_TRUE(serves(server));
  admin.tree(); // who answers has all its threads
  const int files = count_open_files(server.pid());
  const int threads = count_threads(server.pid());
  for (int round = 0; round < 100; ++round) {
    auto client = connect_to(server);
    ASSERT_TRUE(echoes(client));
    const auto before = admin.lineage_at(paths::acceptor(round % 2));
    ASSERT_TRUE(before);
    ASSERT_EQ(admin.kill(paths::acceptor(round % 2)), 200);
    ASSERT_TRUE(admin.await_restart(paths::acceptor(round % 2), *before));
  }
  constexpr int admin_connections = 4;
  EXPECT_TRUE(eventually([&] {
    return count_open_files(server.pid()) <= files + admin_connections;
  }))
    << count_open_files(server.pid()) << " files, were " << files;
  EXPECT_TRUE(
    eventually([&] { return count_threads(server.pid()) <= threads; }))
    << count_threads(server.pid()) << " threads, were " << threads;
}

TEST_P(Process, ServesWithoutStandardInput) {
  serve_options options;
  options.without_input = true;
  auto& server = serve_topology(options);
  for (int round = 0; round < 20; ++round)
    ASSERT_TRUE(serves(server));
}

TEST_P(Process, ServesWhereNothingCanBeWritten) {
  serve_options options;
  options.directory = "/proc";
  EXPECT_TRUE(serves(serve_topology(options)));
}

// A pipe that is full from the start; nobody reads from it until `drain`.
class full_pipe {
public:
  full_pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0)
      ADD_FAILURE() << "no pipe";
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    const std::string block(4096, '.');
    while (::write(ends_[1], block.data(), block.size()) > 0) {
    }
    while (::write(ends_[1], ".", 1) > 0) {
    }
    ::fcntl(ends_[1], F_SETFL, 0);
  }
  ~full_pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  full_pipe(const full_pipe&) = delete;
  full_pipe& operator=(const full_pipe&) = delete;

  int writing_end() const {
    return ends_[1];
  }
  void drain() {
    char buffer[4096];
    while (::read(ends_[0], buffer, sizeof buffer) > 0) {
    }
  }

private:
  int ends_[2] = {-1, -1};
};

TEST_P(Process, LogThatNobodyReadsDoesNotHoldUpConnections) {
  full_pipe log;
  serve_options options;
  options.standard_error = log.writing_end();
  auto& server = serve_topology(options);
  admin_api admin(server.admin_port());
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  for (int round = 0; round < 30; ++round) {
    auto victim = connect_to(server);
    ASSERT_TRUE(echoes(victim));
    const auto path = admin.await_connection_of(victim.local_port());
    ASSERT_TRUE(path);
    ASSERT_EQ(admin.kill(*path, "boom"), 200); // which is worth a line
    ASSERT_TRUE(ends(victim));
    ASSERT_TRUE(echoes(client));
  }
  client.close();
  server.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] {
    log.drain();
    return !server.running();
  }));
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_P(Process, WallClockThatJumpsChangesNoTimeout) {
  constexpr milliseconds timeout{1'000};
  constexpr std::chrono::hours hour{1};
  faults clock;
  serve_options options{{"--idle-timeout", "1s"}};
  clock.inject(options);
  auto& server = serve_topology(options);
  for (const auto jump : {hour, -hour}) {
    const stopwatch since;
    auto client = connect_to(server);
    EXPECT_TRUE(echoes(client));
    clock.turn_wall_clock(jump);
    EXPECT_TRUE(ends(client));
    EXPECT_GE(since.elapsed(), timeout - milliseconds(20));
  }
}

} // namespace

} // namespace coppice_test::process_test
