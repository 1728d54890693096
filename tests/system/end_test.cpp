// SPDX-License-Identifier: BSD-3-Clause
//
// The end is always reached, and only by signals that mean it.

#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

namespace coppice_test::end_test {

namespace {

// A pipe that nobody reads from.
class deaf_pipe {
public:
  deaf_pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0)
      throw_errno("pipe2");
  }
  ~deaf_pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  deaf_pipe(const deaf_pipe&) = delete;
  deaf_pipe& operator=(const deaf_pipe&) = delete;

  int in() const {
    return ends_[1];
  }

private:
  int ends_[2];
};

class End : public server_test {
protected:
  server_process& serve_unheard() {
    serve_options options{{"--log-connections", "--journal", journal()}};
    options.standard_error = pipe_.in();
    auto& server = serve(options);
    for (int count = 0; count < 1'000; ++count) // more than a pipe holds
      EXPECT_TRUE(serves(server));
    return server;
  }

  std::string journal() const {
    return directory_.file("journal.db");
  }

  temporary_directory directory_;
  deaf_pipe pipe_;
};

TEST_F(End, IsReachedThoughNobodyReadsTheLog) {
  auto& server = serve_unheard();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(milliseconds(8'000)), 0);
}

TEST_F(End, OfAnActorIsKeptThoughNobodyReadsTheLog) {
  auto& server = serve_unheard();
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::acceptor(0));
  ASSERT_TRUE(before);
  admin.kill(paths::acceptor(0), "because of the test");
  ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  server.signal(SIGTERM);
  ASSERT_EQ(server.wait_exit(milliseconds(8'000)), 0);
  launch_options look;
  look.args = {"events", "--path", paths::acceptor(0), "--journal", journal()};
  const command_result story = run_coppice(look);
  EXPECT_NE(story.out.find("because of the test"), std::string::npos)
    << story.out << story.err;
}

TEST_F(End, DoesNotWaitForWhoeverReadsTheLastLine) {
  auto& server = serve_unheard();
  const stopwatch since;
  server.signal(SIGTERM);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(milliseconds(5'000)), 0);
}

TEST_F(End, ComesAtOnceByASecondSignalThoughNobodyReadsTheLog) {
  auto shortest = milliseconds::max();
  for (int round = 0; round < 3; ++round) { // the machine may be busy
    auto& server = serve_unheard();
    auto client = connect_to(server);
    EXPECT_TRUE(echoes(client));
    server.signal(SIGTERM);
    EXPECT_TRUE(eventually_refused(server.host(), server.port()));
    EXPECT_TRUE(echoes(client)); // which keeps it for eight seconds
    const stopwatch since;
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait_exit(milliseconds(5'000)), 0);
    shortest = std::min(shortest, since.elapsed());
  }
  EXPECT_LT(shortest, milliseconds(450));
}

TEST_F(End, TellsAllReactorsGoodbyeAtOnce) {
  constexpr int reactors = 8;
  auto& server
    = serve({{"--topology", "supervised", "--acceptors", "8", "--drain-timeout",
              "100ms", "--goodbye-timeout", "1s"}});
  std::vector<tcp_client> silent;
  for (int count = 0; count < 8 * reactors; ++count) {
    silent.push_back(connect_to(server));
    silent.back().send_until_stalled(random_bytes(4 * 1024 * 1024));
  }
  const stopwatch since;
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  // One after the other it is more than a second each.
  EXPECT_LT(since.elapsed(), milliseconds(1'000 * reactors / 2));
}

using Signal = server_test;

TEST_F(Signal, ThatMeansNothingChangesNothing) {
  auto& server = serve();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  for (const int number :
       {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPIPE,
        SIGXFSZ, SIGSTKFLT, SIGRTMIN, SIGRTMIN + 3, SIGRTMAX}) {
    SCOPED_TRACE(number);
    server.signal(number);
    ASSERT_TRUE(echoes(client));
  }
  EXPECT_TRUE(eventually([&] {
    return server.err().find("was reloaded: there is nothing to reload")
           != std::string::npos;
  }))
    << server.err();
  EXPECT_TRUE(eventually([&] {
    return server.err().find("SIGUSR1: it is listening; connections open: 1")
           != std::string::npos;
  }))
    << server.err();
  EXPECT_TRUE(echoes(client));
}

TEST_F(Signal, ThatMeansStopDrains) {
  for (const int number : {SIGQUIT, SIGPWR, SIGXCPU}) {
    SCOPED_TRACE(number);
    auto& server = serve();
    auto client = connect_to(server);
    EXPECT_TRUE(echoes(client));
    server.signal(number);
    EXPECT_TRUE(eventually_refused(server.host(), server.port()));
    EXPECT_TRUE(echoes(client));
    client.close();
    EXPECT_EQ(server.wait_exit(), 0);
  }
}

using Shortage = server_test;

TEST_F(Shortage, OfThreadsAtTheStartIsAFailureThatSaysSo) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can become the user that the limit counts for";
  temporary_directory state;
  std::filesystem::permissions(state.file(""), std::filesystem::perms::all);
  int started = 0;
  for (rlim_t limit = 1; limit <= 40; limit += 3) {
    SCOPED_TRACE(limit);
    launch_options options;
    options.args
      = {"serve", "0",         "--bind",           "127.0.0.1", "--acceptors",
         "16",    "--journal", state.file("j.db"), "--admin",   "127.0.0.1:0"};
    options.as_nobody = true;
    options.max_processes = limit;
    child_process server(options);
    const deadline end;
    while (server.out().find("listening on") == std::string::npos
           && server.read_more_output(end))
      continue;
    if (!server.out().empty()) {
      ++started;
      server.signal(SIGTERM);
      EXPECT_EQ(server.wait_exit(), 0) << server.err();
      continue;
    }
    const auto exit_code = server.wait_exit();
    if (exit_code == 127)
      GTEST_SKIP() << "nobody cannot run it";
    EXPECT_EQ(exit_code, 1) << server.err();
    EXPECT_NE(server.err().find("threads"), std::string::npos) << server.err();
    EXPECT_EQ(started, 0) << "with fewer it started";
  }
  EXPECT_GT(started, 0) << "this is not enough to see the whole start";
}

TEST_F(Shortage, OfDescriptorsAtTheStartIsAFailureThatSaysSo) {
  for (rlim_t limit = 4; limit <= 12; ++limit) {
    SCOPED_TRACE(limit);
    launch_options options;
    options.args = {"serve",       "0",  "--bind",  "127.0.0.1",
                    "--acceptors", "16", "--admin", "127.0.0.1:0"};
    options.max_open_files = limit;
    const command_result result = run_coppice(options);
    if (result.exit_code == 127)
      continue; // too few for the loader
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_NE(result.err.find("open files"), std::string::npos) << result.err;
  }
}

TEST_F(Shortage, OfStandardStreamsIsMadeGood) {
  temporary_directory directory;
  const std::string address = "unix:" + directory.file("echo.sock");
  launch_options options;
  options.args = {"serve", "--bind", address, "--admin", "off"};
  options.without_streams = true;
  child_process server(options);
  EXPECT_TRUE(eventually([&] { return connect_error(address, 0) == 0; }));
  for (const char* number : {"0", "1", "2"})
    EXPECT_EQ(std::filesystem::read_symlink(
                "/proc/" + std::to_string(server.pid()) + "/fd/" + number),
              "/dev/null");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
}

} // namespace

} // namespace coppice_test::end_test
