// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "admin_api.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>

namespace coppice_test::commands_test {

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int failed = 1;
constexpr int usage_error = 2;
constexpr int unreachable = 3;

command_result run(std::vector<std::string> args) {
  launch_options options;
  options.args = std::move(args);
  return run_coppice(options);
}

void expect_one_error(const command_result& result, int exit_code) {
  EXPECT_EQ(result.exit_code, exit_code);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err.rfind("coppice: ", 0), 0U) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
    << result.err;
}

std::string admin_nobody_serves() {
  const server_process gone;
  return gone.admin_address();
}

using Commands = server_test;

TEST_F(Commands, VersionIsPrinted) {
  const command_result result = run({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "coppice 0.1.0\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(Commands, HelpGoesToStandardOutput) {
  const std::vector<std::vector<std::string>> lines{
    {"--help"}, {"serve", "--help"}, {"tree", "--help"}, {"kill", "--help"}};
  for (const auto& line : lines) {
    SCOPED_TRACE(line.front());
    const command_result result = run(line);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_NE(result.out, "");
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(Commands, HelpOfServeNamesItsOptions) {
  const command_result result = run({"serve", "--help"});
  for (const char* option :
       {"--bind", "--topology", "--acceptors", "--max-restarts",
        "--max-seconds", "--admin", "--admin-token-file", "--drain-timeout",
        "linked", "supervised", "6000", "127.0.0.1:6060"}) {
    EXPECT_NE(result.out.find(option), std::string::npos) << option;
  }
}

TEST_F(Commands, UnknownOptionIsAUsageError) {
  expect_one_error(run({"tree", "--frobnicate"}), usage_error);
  expect_one_error(run({"kill", "coppice", "--frobnicate"}), usage_error);
  expect_one_error(run({"--frobnicate"}), usage_error);
}

TEST_F(Commands, KillWithoutPathIsAUsageError) {
  expect_one_error(run({"kill"}), usage_error);
}

TEST_F(Commands, ServerThatIsNotThereIsUnreachable) {
  const std::string address = admin_nobody_serves();
  expect_one_error(run({"tree", "--admin", address}), unreachable);
  expect_one_error(run({"tree", "--json", "--admin", address}), unreachable);
  expect_one_error(run({"kill", paths::journal, "--admin", address}),
                   unreachable);
}

TEST_F(Commands, KillOfAnUnknownPathFails) {
  const auto& server = serve();
  expect_one_error(server.cli({"kill", "coppice/nothing"}), failed);
}

// -- the end of a path stands for it ------------------------------------------

TEST_F(Commands, TakeTheEndOfAPath) {
  auto& server = serve({{"--acceptors", "2", "--max-restarts", "100"}});
  admin_api admin(server.admin_port());
  struct line {
    std::vector<std::string> args;
    std::string says;
  };
  const std::vector<line> lines{
    {{"children", "accepting/acceptors"}, "acceptor:1"},
    {{"info", "acceptor:1"}, paths::acceptor(1)},
    {{"kill", "acceptor:1"}, "killed " + paths::acceptor(1) + " (kill)"},
    {{"exit", "acceptor:0", "boom"},
     "killed " + paths::acceptor(0) + " (boom)"},
    {{"stop", "acceptors/acceptor:0"}, "stopped " + paths::acceptor(0)},
    {{"start", "acceptor:0"}, "started " + paths::acceptor(0)},
    {{"restart", "port"}, "restarted " + paths::port},
    {{"watch", "journal", "--for", "1ms"}, ""},
  };
  for (const auto& [args, says] : lines) {
    SCOPED_TRACE(args.front());
    ASSERT_TRUE(args.front() == "start" || admin.await_healed());
    const command_result result = server.cli(args);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr(says));
  }
}

TEST_F(Commands, SuggestPathsThatAreNearToAWrongOne) {
  const auto& server = serve({{"--acceptors", "2"}});
  const std::vector<std::vector<std::string>> lines{
    {"children", "acceptr:0"}, {"info", "acceptr:0"},
    {"kill", "acceptr:0"},     {"exit", "acceptr:0", "boom"},
    {"stop", "acceptr:0"},     {"start", "acceptr:0"},
    {"restart", "acceptr:0"},  {"watch", "acceptr:0"}};
  for (const auto& line : lines) {
    SCOPED_TRACE(line.front());
    const command_result result = server.cli(line);
    expect_one_error(result, failed);
    EXPECT_THAT(result.err,
                HasSubstr("there is no actor at \"acceptr:0\"; did you mean "
                          + paths::acceptor(0) + " or "));
  }
}

TEST_F(Commands, ListTheActorsThatAnEndMayStandFor) {
  serve_options options{{"--acceptors", "2", "--topology", "supervised"}};
  auto& server = serve(options);
  auto first = connect_to(server);
  auto second = connect_to(server);
  ASSERT_TRUE(echoes(first));
  ASSERT_TRUE(echoes(second));

  const command_result result = server.cli({"kill", "connection:*"});

  EXPECT_EQ(result.exit_code, failed);
  EXPECT_THAT(result.err, HasSubstr("\"connection:*\" may be one of 2 actors; "
                                    "write more of its path:\n  coppice/"));
  EXPECT_TRUE(echoes(first));
  EXPECT_TRUE(echoes(second));
}

TEST_F(Commands, AnnouncementTellsWhereAndHow) {
  auto& server = serve({{"--acceptors", "2"}});
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0); // what it has said is complete then
  const std::string port = std::to_string(server.port());
  const std::string where = "coppice: listening on 127.0.0.1:" + port
                            + " (echo, linked, 2 acceptors)";
  EXPECT_THAT(server.out(), StartsWith(where));
  for (const std::string& how :
       {"nc 127.0.0.1 " + port, std::string("coppice tree"),
        "coppice kill " + paths::acceptor(0), std::string("\"stop\""),
        "admin at http://" + server.admin_address() + "\n"})
    EXPECT_THAT(server.out(), HasSubstr(how));
}

TEST_F(Commands, AdminPageOnIpv6LoopbackAnswers) {
  if (connect_error("::1", 1) != ECONNREFUSED)
    GTEST_SKIP() << "this machine has no IPv6 loopback";
  serve_options options;
  options.admin = "[::1]:0";
  const auto& server = serve(options);
  const std::string address = "[::1]:" + std::to_string(server.admin_port());
  EXPECT_NE(server.out().find("admin at http://" + address + "\n"),
            std::string::npos)
    << server.out();
  const command_result drawn = run({"tree", "--admin", address});
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_NE(drawn.out.find("acceptor:0"), std::string::npos);
  const command_result killed
    = run({"kill", paths::acceptor(0), "--admin", address});
  EXPECT_EQ(killed.exit_code, 0) << killed.err;
}

TEST_F(Commands, AnnouncementSaysThatAdminIsOff) {
  serve_options options;
  options.admin = "off";
  const auto& server = serve(options);
  EXPECT_NE(server.out().find("admin is off"), std::string::npos);
  EXPECT_EQ(server.out().find("http://"), std::string::npos);
  EXPECT_TRUE(serves(server));
}

} // namespace

} // namespace coppice_test::commands_test
