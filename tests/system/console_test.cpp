// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "admin_api.hpp"
#include "http_client.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace coppice_test::console_test {

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Console : public server_test {
protected:
  static launch_options console_on(const server_process& server) {
    launch_options options;
    options.args = {"console", "--admin", server.admin_address()};
    return options;
  }

  // Runs the console with `script` for its standard input.
  static command_result obey(const server_process& server,
                             const std::string& script) {
    return run_coppice_on(script, console_on(server));
  }
};

TEST_F(Console, ObeysAScriptLineByLine) {
  auto& server = serve({{"--acceptors", "2"}});

  const auto result = obey(server, "# first look, then cut\n"
                                   "tree\n"
                                   "\n"
                                   "kill "
                                     + paths::acceptor(0)
                                     + "\n"
                                       "exit "
                                     + paths::acceptor(1)
                                     + " 'out of milk'\n"
                                       "children "
                                     + paths::acceptors
                                     + "\n"
                                       "info "
                                     + paths::acceptors
                                     + "\n"
                                       "help\n"
                                       "exit\n"
                                       "never reached\n");

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(
    result.out,
    AllOf(StartsWith("ACTOR"),
          HasSubstr("killed " + paths::acceptor(0) + " (kill)"),
          HasSubstr("killed " + paths::acceptor(1) + " (out of milk)"),
          HasSubstr("strategy          one_for_one"),
          HasSubstr("  watch     show what happens")));
}

TEST_F(Console, StopsStartsAndRestartsChildren) {
  auto& server = serve({{"--acceptors", "2"}});
  admin_api admin(server.admin_port());

  auto result = obey(server, "stop " + paths::acceptor(1) + "\n");
  EXPECT_EQ(result.out, "stopped " + paths::acceptor(1) + "\n") << result.err;
  EXPECT_EQ(find_node(admin.tree(), paths::acceptor(1))->at("state"),
            "stopped");
  EXPECT_TRUE(serves(server));

  result = obey(server, "stop " + paths::acceptor(1) + "\nstart "
                          + paths::acceptor(1) + "\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(admin.await_healed());

  const auto before = admin.lineage_at(paths::acceptors);
  ASSERT_TRUE(before);
  result = obey(server, "restart " + paths::acceptors + "\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(admin.await_restart(paths::acceptors, *before));
  EXPECT_EQ(find_node(admin.tree(), paths::accepting)->at("budget_used"), 0);

  result = obey(server, "start " + paths::acceptor(1) + "\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("running"));
  result = obey(server, "stop coppice/nobody\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("there is no actor at \"coppice/nobody\""));
  const http_response asked
    = http_client(server.admin_port())
        .post("/actors/stop", R"({"path": "coppice/nobody"})");
  EXPECT_EQ(asked.status, 404);
  EXPECT_THAT(asked.body, HasSubstr("not_found"));
  result = obey(server, "stop coppice\n");
  EXPECT_THAT(result.err, HasSubstr("\"coppice\" has no supervisor"));
}

TEST_F(Console, StopsNobodyWhoWouldTakeTheAdminApiAlong) {
  auto& server = serve();
  for (const auto& who : {paths::admin, paths::root}) {
    const auto result = obey(server, "restart " + who + "\n");
    EXPECT_EQ(result.exit_code, 1) << who;
    EXPECT_NE(result.err, "");
  }
  EXPECT_THAT(obey(server, "stop " + paths::admin + "\n").err,
              HasSubstr("is the admin API or above it"));
  EXPECT_TRUE(admin_api(server.admin_port()).await_healed());
}

// Its supervisor does not restart what was stopped: a user that asked for both
// gets both, also if the first one took long.
TEST_F(Console, StartsAgainWhatTookLongToStop) {
  auto& server = serve({{"--acceptors", "1", "--allow-faults"}});
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::port);
  ASSERT_TRUE(before);
  // Its port is killed after 5 s, and the answer is due within 4.
  ASSERT_EQ(server.cli({"fault", "refuse-stop", paths::port}).exit_code, 0);

  const auto result = obey(server, "restart " + paths::port + "\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("has not finished yet"));
  EXPECT_TRUE(admin.await_restart(paths::port, *before));
  EXPECT_TRUE(admin.await_healed());
  EXPECT_EQ(server.cli({"fault", "clear"}).exit_code, 0);
}

TEST_F(Console, EndsAScriptAtTheFirstLineThatFails) {
  auto& server = serve();

  auto result = obey(server, "kill nobody\nkill " + paths::acceptor(0) + "\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("there is no actor at \"nobody\""),
                    HasSubstr("coppice: line 1 failed: kill nobody\n")));

  result = obey(server, "\ndance\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("dance"), HasSubstr("(help shows more)"),
                    HasSubstr("line 2 failed")));
  EXPECT_EQ(obey(server, "serve\n").exit_code, 2);
  EXPECT_EQ(obey(server, "kill 'coppice\n").exit_code, 2);
}

TEST_F(Console, SaysSoIfThereIsNoServer) {
  const server_process gone;
  const std::string nobody = gone.admin_address();
  auto& server = serve();
  launch_options options = console_on(server);
  options.args = {"console", "--admin", "127.0.0.1:1"};
  options.without_input = true;
  const auto result = run_coppice(options);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("127.0.0.1:1"));
}

TEST_F(Console, ShowsWhatHappensWhileItWatches) {
  auto& server = serve({{"--acceptors", "2"}});
  launch_options options = console_on(server);
  options.args = {"watch", "acceptor:*", "--admin", server.admin_address()};
  child_process watcher(options);
  admin_api admin(server.admin_port());

  // As often as it takes for it to watch.
  EXPECT_TRUE(eventually([&] {
    server.cli({"restart", paths::acceptor(0)});
    watcher.read_more_output(deadline(milliseconds(100)));
    return watcher.out().find("acceptor:0 ") != std::string::npos;
  }))
    << watcher.err();
  watcher.signal(SIGINT);
  EXPECT_EQ(watcher.wait_exit(), 0);
  EXPECT_THAT(watcher.out(), Not(HasSubstr("acceptor:1")));
}

TEST_F(Console, ShowsWhoComesAndGoesWhileItWatches) {
  auto& server = serve();
  launch_options options = console_on(server);
  options.args = {"watch", "--connections", "--admin", server.admin_address()};
  child_process watcher(options);

  // As often as it takes for it to watch.
  EXPECT_TRUE(eventually([&] {
    connect_to(server).exchange("stop\n");
    watcher.read_more_output(deadline(milliseconds(100)));
    return watcher.out().find(" closed: ") != std::string::npos;
  }))
    << watcher.err();
  watcher.signal(SIGINT);
  EXPECT_EQ(watcher.wait_exit(), 0);
  EXPECT_THAT(watcher.out(), HasSubstr("/connection:"));
  EXPECT_THAT(watcher.out(), HasSubstr(" connected: peer 127.0.0.1:"));
}

// A person at a terminal, and the console there.
class terminal {
public:
  explicit terminal(launch_options options)
      : fd_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    EXPECT_EQ(grantpt(fd_), 0);
    EXPECT_EQ(unlockpt(fd_), 0);
    const int other = open(ptsname(fd_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    options.standard_input = other;
    options.env = {{"TERM", "dumb"}};
    pid_ = launch(options, other, other);
    close(other);
  }
  ~terminal() {
    if (!exit_code())
      kill(pid_, SIGKILL);
    close(fd_);
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  void type(const std::string& text) const {
    EXPECT_EQ(write(fd_, text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

  // All that it has shown.
  const std::string& screen() {
    char some[4096];
    for (ssize_t n = 0; (n = read(fd_, some, sizeof some)) > 0;)
      screen_.append(some, static_cast<std::size_t>(n));
    return screen_;
  }

  bool shows(const std::string& text) {
    return eventually([&] { return screen().find(text) != std::string::npos; });
  }

  std::optional<int> exit_code() {
    int status = 0;
    if (!code_ && waitpid(pid_, &status, WNOHANG) == pid_)
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return code_;
  }

private:
  int fd_;
  pid_t pid_ = -1;
  std::string screen_;
  std::optional<int> code_;
};

TEST_F(Console, CompletesCommandsAndLivePathsAtATerminal) {
  auto& server = serve({{"--acceptors", "1"}});
  terminal person(console_on(server));

  EXPECT_TRUE(person.shows("help lists the commands"));
  EXPECT_TRUE(person.shows("coppice> "));
  person.type("statu\t\n");
  EXPECT_TRUE(person.shows("--max-output-bytes")) << person.screen();
  person.type("kill coppice/listener:echo/accepting/por\t\n");
  EXPECT_TRUE(person.shows("killed " + paths::port + " (kill)"))
    << person.screen();
  person.type("kill nobody\n");
  EXPECT_TRUE(person.shows("there is no actor")) << person.screen();
  person.type("exit\n");
  EXPECT_TRUE(eventually([&] { return person.exit_code().has_value(); }));
  EXPECT_EQ(person.exit_code(), 0);
  EXPECT_THAT(person.screen(), Not(HasSubstr("failed: kill")));
}

} // namespace

} // namespace coppice_test::console_test
