// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "temporary_directory.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace coppice_test::unix_socket_test {

namespace {

constexpr int failed = 1;
constexpr int usage_error = 2;

class UnixSocket : public topology_test {
protected:
  server_process& serve_locally(std::vector<std::string> args = {}) {
    serve_options options{std::move(args)};
    options.bind = address();
    options.port = "";
    return serve_topology(options);
  }

  command_result try_to_serve(std::vector<std::string> more = {}) const {
    launch_options options;
    options.args = {"serve", "--bind", address(), "--admin", "off"};
    options.args.insert(options.args.end(), more.begin(), more.end());
    return run_coppice(options);
  }

  // A socket file that nobody listens on.
  void leave_stale_file() const {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    path_.copy(local.sun_path, sizeof local.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
    ::close(fd);
  }

  std::string address() const {
    return "unix:" + path_;
  }
  bool file_exists() const {
    struct stat info {};
    return ::lstat(path_.c_str(), &info) == 0;
  }
  mode_t mode() const {
    struct stat info {};
    EXPECT_EQ(::lstat(path_.c_str(), &info), 0);
    EXPECT_TRUE(S_ISSOCK(info.st_mode));
    return info.st_mode & 07777;
  }

  temporary_directory directory_;
  std::string path_ = directory_.file("echo.sock");
};
INSTANTIATE_TEST_SUITE_P(, UnixSocket, every_topology, topology_name);

TEST_P(UnixSocket, EchoesAndCountsLikeAnyOther) {
  auto& server = serve_locally();
  EXPECT_EQ(server.host(), address());
  listener_api listener(server);
  auto client = connect_to(server);
  const std::string data = random_bytes(4 * 1024 * 1024);
  const received got = client.exchange(data, true);
  EXPECT_TRUE(same_bytes(got.data, data));
  EXPECT_EQ(got.end, ending::eof);
  EXPECT_EQ(listener.status().at("local"), address());
  EXPECT_TRUE(listener.await_counter("closed", 1));
}

TEST_P(UnixSocket, StopLineCloses) {
  auto client = connect_to(serve_locally());
  const received got = client.exchange("before\nstop\nafter\n");
  EXPECT_EQ(got.data, "before\n");
}

TEST_P(UnixSocket, BelongsToOwnerAndGroupUnlessToldOtherwise) {
  {
    server_process server(
      {{"--topology", GetParam()}, address(), "", "127.0.0.1:0"});
    EXPECT_EQ(mode(), 0660U);
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait_exit(), 0);
  }
  serve_locally({"--unix-mode", "0600"});
  EXPECT_EQ(mode(), 0600U);
}

TEST_P(UnixSocket, FileIsRemovedAtTheEnd) {
  auto& server = serve_locally();
  EXPECT_TRUE(file_exists());
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_FALSE(file_exists());
}

TEST_P(UnixSocket, FileThatSomebodyRemovesIsMadeAnew) {
  auto& server = serve_locally();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  for (int round = 0; round < 2; ++round) {
    ::unlink(path_.c_str());
    ASSERT_TRUE(eventually([&] { return file_exists(); }));
    EXPECT_TRUE(eventually([&] { return connect_error(address(), 0) == 0; }));
    EXPECT_TRUE(serves(server));
    EXPECT_TRUE(echoes(client));
  }
  EXPECT_TRUE(eventually([&] {
    return server.err().find("the file of the Unix socket was removed")
           != std::string::npos;
  }))
    << server.err();
}

// As a health check does that says nothing.
TEST_P(UnixSocket, ClientsThatGoWithoutAWordDoNotFillTheQueue) {
  auto& server = serve_locally(
    {"--max-connections", "1", "--backlog", "4", "--acceptors", "1"});
  auto first = connect_to(server);
  EXPECT_TRUE(echoes(first));
  for (int count = 0; count < 200; ++count)
    ASSERT_TRUE(eventually([&] { return connect_error(address(), 0) == 0; }));
  auto waiting = connect_to(server);
  waiting.send_all("later\n");
  first.close();
  EXPECT_EQ(waiting.receive(6), "later\n");
}

TEST_P(UnixSocket, StaleFileIsReplaced) {
  ASSERT_NO_FATAL_FAILURE(leave_stale_file());
  ASSERT_TRUE(file_exists());
  EXPECT_TRUE(serves(serve_locally()));
}

TEST_P(UnixSocket, IsServedAgainAtOnceAfterAKill) {
  auto& first = serve_locally();
  EXPECT_TRUE(serves(first));
  first.signal(SIGKILL);
  EXPECT_EQ(first.wait_exit(), 128 + SIGKILL);
  EXPECT_TRUE(file_exists());
  EXPECT_TRUE(serves(serve_locally()));
}

TEST_P(UnixSocket, OnWhichSomebodyListensIsAFailureThatHarmsNobody) {
  auto& server = serve_locally();
  const command_result second = try_to_serve();
  EXPECT_EQ(second.exit_code, failed);
  EXPECT_EQ(second.err.rfind("coppice: ", 0), 0U) << second.err;
  EXPECT_TRUE(file_exists());
  EXPECT_TRUE(serves(server));
}

TEST_P(UnixSocket, FileThatIsNoSocketIsAFailureAndKept) {
  std::ofstream(path_) << "precious";
  const command_result result = try_to_serve();
  EXPECT_EQ(result.exit_code, failed);
  EXPECT_EQ(result.err.rfind("coppice: ", 0), 0U) << result.err;
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_P(UnixSocket, WithPortOrMoreSocketsOrABadModeIsAUsageError) {
  const std::vector<std::vector<std::string>> lines{
    {"6000"},
    {"0"},
    {"--listen-sockets", "2", "--acceptors", "2"},
    {"--unix-mode", "0999"},
    {"--unix-mode", "rw"}};
  for (const auto& line : lines) {
    SCOPED_TRACE(line.front() + " " + line.back());
    const command_result result = try_to_serve(line);
    EXPECT_EQ(result.exit_code, usage_error) << result.err;
    EXPECT_FALSE(file_exists());
  }
}

TEST_P(UnixSocket, CannotBeMadeWhereThereIsNoDirectory) {
  launch_options options;
  options.args
    = {"serve", "--bind", "unix:/no/such/directory/s", "--admin", "off"};
  const command_result result = run_coppice(options);
  EXPECT_EQ(result.exit_code, failed);
  EXPECT_EQ(result.err.rfind("coppice: ", 0), 0U) << result.err;
}

TEST_P(UnixSocket, CanBeSuspendedAndResumed) {
  auto& server = serve_locally();
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  EXPECT_EQ(listener.suspend().at("state"), "suspended");
  const int error = connect_error(server.host(), 0);
  EXPECT_TRUE(error == ECONNREFUSED || error == ENOENT) << error;
  EXPECT_TRUE(echoes(client));
  EXPECT_EQ(listener.resume().at("state"), "listening");
  EXPECT_TRUE(serves(server));
}

} // namespace

} // namespace coppice_test::unix_socket_test
