// SPDX-License-Identifier: BSD-3-Clause
//
// Faults as an operator asks for them: by command line, environment and HTTP.

#include "cpu_share.hpp"
#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <string>
#include <vector>

namespace coppice_test::fault_commands_test {

namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class FaultCommands : public server_test {
protected:
  server_process& serve_faults(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--allow-faults", "--acceptors", "1"});
    return serve({std::move(more)});
  }

  // Suspends the connection of `client`; returns its path.
  static std::string suspend(const server_process& server,
                             const tcp_client& client) {
    admin_api admin(server.admin_port());
    const auto path = admin.await_connection_of(client.local_port());
    EXPECT_TRUE(path);
    EXPECT_EQ(fault(server, {"suspend", path.value_or("")}).exit_code, 0);
    return path.value_or("");
  }

  static command_result fault(const server_process& server,
                              std::vector<std::string> args) {
    args.insert(args.begin(), "fault");
    return server.cli(std::move(args));
  }
};

TEST_F(FaultCommands, ListThePointsAndTheSeed) {
  auto& server = serve_faults({"--fault-seed", "42"});

  auto listed = fault(server, {"list"});

  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(server.out(), HasSubstr("(seed 42)"));
  EXPECT_THAT(listed.out, HasSubstr("seed 42"));
  for (const char* point :
       {"actor.mailbox", "actor.start", "actor.stop", "net.accept",
        "net.connection.start", "net.recv", "net.send", "net.timer"})
    EXPECT_THAT(listed.out, HasSubstr(std::string(point) + " "));
  EXPECT_THAT(listed.out, HasSubstr("; src/actor/fault_points.cpp:"));
  EXPECT_EQ(json::parse(fault(server, {"list", "--json"}).out).at("seed"), 42);
}

TEST_F(FaultCommands, SetAndClearAPoint) {
  auto& server = serve_faults();

  EXPECT_EQ(fault(server, {"set", "net.recv", "throw(boom)"}).exit_code, 0);
  auto client = connect_to(server);
  client.send_all("x\n");
  EXPECT_TRUE(ends(client));
  EXPECT_THAT(fault(server, {"list"}).out,
              HasSubstr("throw(boom)    (hits 1, fires 1)"));

  auto cleared = fault(server, {"clear"});
  EXPECT_EQ(cleared.out, "1 disarmed\n");
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(eventually([&] {
    const auto log = server.err();
    return log.find("fault at net.recv: throw(boom)") != std::string::npos
           && log.find("fault fired at net.recv") != std::string::npos
           && log.find("fault cleared at *") != std::string::npos;
  }))
    << server.err();
}

TEST_F(FaultCommands, ShowWhatIsBrokenInListAndTree) {
  auto& server = serve_faults();
  const std::string acceptor
    = "coppice/listener:echo/accepting/acceptors/acceptor:0";
  auto tree = [&] {
    return run_coppice({{"tree", "--admin", server.admin_address()}}).out;
  };
  EXPECT_THAT(tree(), Not(AnyOf(HasSubstr("suspended"), HasSubstr("armed"))));

  for (const char* what : {"suspend", "refuse-stop", "fail-starts"})
    EXPECT_EQ(fault(server, {what, acceptor}).exit_code, 0) << what;
  EXPECT_THAT(
    tree(),
    HasSubstr("suspended, actor.start is armed: 1*throw(asked to fail), "
              "actor.stop is armed: drop\n"));
  EXPECT_THAT(fault(server, {"list"}).out,
              HasSubstr("\nsuspended: " + acceptor + "\n"));

  // What has fired as often as it may is not armed any more.
  EXPECT_EQ(run_coppice({{"kill", acceptor, "--admin", server.admin_address()}})
              .exit_code,
            0);
  EXPECT_TRUE(eventually(
    [&] { return tree().find("actor.start is armed") == std::string::npos; }))
    << tree();
  EXPECT_THAT(
    fault(server, {"list"}).out,
    HasSubstr("1*throw(asked to fail)    (hits 2, fires 1, used up)"));

  EXPECT_EQ(fault(server, {"clear"}).exit_code, 0);
  EXPECT_THAT(tree(), Not(AnyOf(HasSubstr("suspended"), HasSubstr("armed"))));
}

TEST_F(FaultCommands, SayWhatIsWrong) {
  auto& server = serve_faults();
  struct {
    std::vector<std::string> args;
    int exit_code;
    std::string says;
  } const cases[]{
    {{"set", "net.recv", "drp"}, 1, "at 0: expected an action"},
    {{"set", "net.rcv", "drop"}, 1, "near: net.recv"},
    {{"set", "net.accept", "dup"}, 1, "net.accept cannot dup; it knows"},
    {{"suspend", "nobody"}, 1, "there is no actor at \"nobody\""},
    {{"stall", "7", "10ms"}, 1, "there is no reactor 7"},
    {{"stall", "0", "soon"}, 2, "\"soon\" is no duration"},
    {{"stall", "0", "2h"}, 1, "at most 60000"},
    {{"set", "net.recv"}, 2, "TERM"},
    {{}, 2, "say which subcommand"},
  };
  for (const auto& each : cases) {
    const auto result = fault(server, each.args);
    EXPECT_EQ(result.exit_code, each.exit_code) << each.says;
    EXPECT_THAT(result.err, HasSubstr(each.says));
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(
    run_coppice({{"fault", "list", "--admin", "127.0.0.1:1"}}).exit_code, 3);
}

TEST_F(FaultCommands, TakeTheEndOfAPath) {
  auto& server = serve_faults({"--max-restarts", "100"});
  const std::vector<std::vector<std::string>> lines{
    {"suspend", "acceptor:0"},     {"resume", "acceptor:0"},
    {"fail-starts", "acceptor:0"}, {"refuse-stop", "acceptor:0"},
    {"flood", "acceptor:0"},       {"kill-random", "accepting/acceptors"},
    {"burn-budget", "acceptors"}};
  for (const auto& line : lines) {
    SCOPED_TRACE(line.front());
    const auto result = fault(server, line);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr(paths::acceptors));
    const auto wrong = fault(server, {line.front(), "acceptr:0"});
    EXPECT_EQ(wrong.exit_code, 1);
    EXPECT_THAT(wrong.err, HasSubstr("did you mean " + paths::acceptor(0)));
  }
  // An acceptor that refuses to stop would hold up the end of the server.
  EXPECT_EQ(fault(server, {"clear"}).exit_code, 0);
}

TEST_F(FaultCommands, AreRefusedUnlessTheServerAllowsThem) {
  auto& server = serve();

  auto refused = fault(server, {"set", "net.recv", "drop"});

  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("--allow-faults"));
  EXPECT_THAT(fault(server, {"list"}).out, HasSubstr("faults are not allowed"));
  EXPECT_TRUE(serves(server));
}

TEST_F(FaultCommands, NeedTheTokenWhereOneIsSet) {
  const temporary_directory directory;
  const auto file = directory.file("token");
  auto& server = serve_faults({"--admin-token-file", file});
  server.cli({"tree"}); // the file is there

  EXPECT_EQ(fault(server, {"set", "net.recv", "drop"}).exit_code, 1);
  EXPECT_EQ(fault(server, {"clear"}).exit_code, 1);
  EXPECT_EQ(
    fault(server, {"set", "net.recv", "drop", "--token-file", file}).exit_code,
    0);
  EXPECT_EQ(fault(server, {"clear", "--token-file", file}).exit_code, 0);
}

TEST_F(FaultCommands, DelaysLetEverythingThroughLater) {
  auto& server = serve_faults();
  for (const char* point : {"net.accept", "net.connection.start", "net.recv",
                            "net.send", "net.timer"}) {
    EXPECT_EQ(fault(server, {"set", point, "delay(5ms)"}).exit_code, 0);
    auto client = connect_to(server);
    for (int i = 0; i < 5; ++i)
      EXPECT_TRUE(echoes(client)) << point;
    EXPECT_EQ(fault(server, {"clear"}).exit_code, 0);
  }
}

TEST_F(FaultCommands, ADelayIsOverWhenThePointIsCleared) {
  auto& server = serve_faults();
  for (const char* point : {"net.accept", "net.recv", "net.send"}) {
    EXPECT_EQ(fault(server, {"set", point, "1*delay(60m)"}).exit_code, 0);
    auto client = connect_to(server);
    client.send_all("hello\n");
    EXPECT_TRUE(stays_silent(client)) << point;

    EXPECT_EQ(fault(server, {"clear"}).exit_code, 0);
    EXPECT_EQ(client.receive(6), "hello\n") << point;
  }
}

// What fails as a socket does that is not ready must not be tried without end.
TEST_F(FaultCommands, DoNotKeepAReactorBusy) {
  for (auto [point, term] : {std::pair{"net.recv", "error(EAGAIN)"},
                             {"net.recv", "error(EINTR)"},
                             {"net.send", "error(EAGAIN)"},
                             {"net.send", "return"},
                             {"net.accept", "error(EAGAIN)"},
                             {"net.accept", "error(EMFILE)"},
                             {"net.accept", "error(ECONNABORTED)"}}) {
    auto& server = serve_faults();
    EXPECT_EQ(fault(server, {"set", point, term}).exit_code, 0);
    auto client = connect_to(server);
    client.send_all("hello\n");

    EXPECT_LT(cpu_share(server.pid()), 0.5) << point << " " << term;
    // Else its last connection could say goodbye to nobody.
    EXPECT_EQ(fault(server, {"clear"}).exit_code, 0);
  }
}

TEST_F(FaultCommands, OfAcceptingDoNotUseUpPlaces) {
  auto& server = serve_faults({"--max-connections", "3", "--max-restarts",
                               "1000", "--topology", "supervised"});
  EXPECT_EQ(fault(server, {"set", "net.accept", "10*throw(x)"}).exit_code, 0);

  EXPECT_TRUE(serves(server));

  EXPECT_TRUE(listener_api(server).await_active(0));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(milliseconds(5000)), 0); // there is nobody left
}

// -- by path ------------------------------------------------------------------

TEST_F(FaultCommands, SuspendAnAcceptorAndResumeIt) {
  auto& server = serve_faults();
  auto before = connect_to(server);
  ASSERT_TRUE(echoes(before));

  EXPECT_EQ(fault(server, {"suspend", paths::acceptor(0)}).exit_code, 0);
  auto waiting = connect_to(server); // in the backlog
  waiting.send_all("hello\n");
  EXPECT_TRUE(stays_silent(waiting));
  EXPECT_TRUE(echoes(before));

  EXPECT_EQ(fault(server, {"resume", paths::acceptor(0)}).exit_code, 0);
  EXPECT_EQ(waiting.receive(6), "hello\n");
}

TEST_F(FaultCommands, SuspendAConnectionAndHealIt) {
  auto& server = serve_faults();
  auto client = connect_to(server);
  ASSERT_TRUE(echoes(client));
  suspend(server, client);
  client.send_all("hello\n");
  EXPECT_TRUE(stays_silent(client));
  EXPECT_TRUE(serves(server));

  EXPECT_EQ(fault(server, {"clear"}).exit_code, 0);
  EXPECT_EQ(client.receive(6), "hello\n");
  EXPECT_TRUE(echoes(client));
}

TEST_F(FaultCommands, ASuspendedConnectionCanBeKilled) {
  auto& server = serve_faults();
  auto client = connect_to(server);
  ASSERT_TRUE(echoes(client));
  const auto path = suspend(server, client);
  client.send_all("hello\n");

  EXPECT_EQ(admin_api(server.admin_port()).kill(path), 200);

  EXPECT_TRUE(ends(client));
  EXPECT_TRUE(listener_api(server).await_balance());
}

TEST_F(FaultCommands, BurnABudgetUntilItEscalates) {
  auto& server = serve_faults();
  admin_api admin(server.admin_port());
  auto before = admin.lineage_at(paths::acceptors);
  ASSERT_TRUE(before);

  EXPECT_EQ(fault(server, {"burn-budget", paths::acceptors}).exit_code, 0);

  EXPECT_TRUE(admin.await_restart(paths::acceptors, *before));
  EXPECT_TRUE(serves(server)) << server.err();
  EXPECT_TRUE(eventually([&] {
    return server.err().find("acceptors gave up") != std::string::npos;
  }))
    << server.err();
}

TEST_F(FaultCommands, FailTheNextStarts) {
  auto& server = serve_faults();
  admin_api admin(server.admin_port());
  auto before = admin.lineage_at(paths::acceptor(0));
  ASSERT_TRUE(before);

  EXPECT_EQ(fault(server, {"fail-starts", paths::acceptor(0), "2"}).exit_code,
            0);
  EXPECT_EQ(admin.kill(paths::acceptor(0)), 200);

  EXPECT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(eventually([&] {
    return count_of("failed to start: asked to fail", server.err()) == 2;
  }))
    << server.err();
}

TEST_F(FaultCommands, StallAReactor) {
  auto& server = serve_faults();
  auto client = connect_to(server);
  ASSERT_TRUE(echoes(client));

  EXPECT_EQ(fault(server, {"stall", "0", "300ms"}).exit_code, 0);

  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(eventually([&] {
    return server.err().find("reactor:0 was held up: 3") != std::string::npos;
  }))
    << server.err();
}

TEST_F(FaultCommands, FloodAMailboxAndTheServerGoesOn) {
  auto& server = serve_faults();
  auto client = connect_to(server);

  EXPECT_EQ(fault(server, {"flood", paths::acceptors, "100000"}).exit_code, 0);

  EXPECT_TRUE(echoes(client));
  admin_api admin(server.admin_port());
  auto before = admin.lineage_at(paths::acceptor(0));
  ASSERT_TRUE(before);
  EXPECT_EQ(admin.kill(paths::acceptor(0)), 200);
  EXPECT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  EXPECT_TRUE(serves(server));
}

TEST_F(FaultCommands, KillAWorkerByChance) {
  auto& server = serve_faults();

  admin_api admin(server.admin_port());
  auto before = admin.lineage_at(paths::acceptor(0));
  ASSERT_TRUE(before);

  auto killed = fault(server, {"kill-random", paths::acceptors});

  EXPECT_EQ(killed.out, "kill_random " + paths::acceptor(0) + "\n");
  EXPECT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  EXPECT_TRUE(serves(server));
}

// -- from the start -----------------------------------------------------------

TEST_F(FaultCommands, AreObeyedFromTheEnvironment) {
  auto& server = serve({.args = {"--acceptors", "1"},
                        .env = {{"COPPICE_FAULTS", "net.recv=@1 1*throw(x)"}}});
  auto client = connect_to(server);
  ASSERT_TRUE(echoes(client));

  client.send_all("again\n");

  EXPECT_TRUE(ends(client));
  EXPECT_TRUE(serves(server));
}

TEST_F(FaultCommands, ThatMakeNoSenseKeepTheServerFromStarting) {
  for (auto [plan, says] : {std::pair{"net.recv", "expected"},
                            {"net.rcv=drop", "near: net.recv"},
                            {"net.accept=dup", "net.accept cannot dup"},
                            {"net.recv=abort", "must not be aborted"}}) {
    auto result = run_coppice({.args = {"serve", "0", "--admin", "off"},
                               .env = {{"COPPICE_FAULTS", plan}}});
    EXPECT_EQ(result.exit_code, 2) << plan;
    EXPECT_THAT(result.err, HasSubstr("COPPICE_FAULTS"));
    EXPECT_THAT(result.err, HasSubstr(says));
    EXPECT_EQ(result.out, "");
  }
}

// One seed, the same faults: of a hundred connections the same ones end.
TEST_F(FaultCommands, AreTheSameUnderTheSameSeed) {
  auto run = [this](const char* seed) {
    auto& server = serve_faults({"--fault-seed", seed});
    EXPECT_EQ(
      fault(server, {"set", "net.connection.start", "30%kill"}).exit_code, 0);
    std::string served;
    for (int i = 0; i < 100; ++i)
      served += serves(server) ? '1' : '0';
    return served;
  };

  const auto first = run("7");
  EXPECT_EQ(run("7"), first);
  EXPECT_NE(run("8"), first);
}

} // namespace

} // namespace coppice_test::fault_commands_test
