// SPDX-License-Identifier: BSD-3-Clause
//
// coppice nemesis against running servers.

#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "support/tls_files.hpp"
#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <string>
#include <vector>

namespace coppice_test::nemesis_test {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Nemesis : public server_test {
protected:
  server_process& serve_faults(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--allow-faults", "--acceptors", "2"});
    return serve({std::move(more)});
  }

  server_process& serve_tls() {
    return serve_faults({"--tls-cert", certificates_.write("server")});
  }

  static std::vector<std::string> arguments(const server_process& server,
                                            const std::string& schedule,
                                            std::vector<std::string> more) {
    std::vector<std::string> args{"nemesis",
                                  "run",
                                  schedule,
                                  "--against",
                                  "127.0.0.1:" + std::to_string(server.port()),
                                  "--before",
                                  "300ms",
                                  "--after",
                                  "300ms"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }

  static command_result run(const server_process& server,
                            const std::string& schedule,
                            std::vector<std::string> more = {}) {
    auto args = arguments(server, schedule, std::move(more));
    args.insert(
      args.end(),
      {"--admin", "127.0.0.1:" + std::to_string(server.admin_port())});
    return run_coppice({args}, long_patience);
  }

  std::string schedule(const std::string& text,
                       const std::string& name = "schedule.json") {
    auto file = directory_.file(name);
    std::ofstream{file} << text;
    return file;
  }

  static json points(const server_process& server) {
    return json::parse(http_client(server.admin_port()).get("/faults").body)
      .at("points");
  }

  static bool anything_armed(const server_process& server) {
    for (auto& each : points(server))
      if (!each.at("term").is_null())
        return true;
    return false;
  }

  // Of the server of `serve_tls`.
  std::string certificate() const {
    return certificates_.path("server.pem");
  }

private:
  temporary_directory directory_;
  coppice::test::tls_files certificates_;
};

// -- presets ------------------------------------------------------------------

class NemesisPreset : public Nemesis,
                      public ::testing::WithParamInterface<const char*> {};

TEST_P(NemesisPreset, IsSurvived) {
  auto& server = serve_faults();

  const auto result = run(server, GetParam(), {"--duration", "3s"});

  EXPECT_EQ(result.exit_code, 0) << result.out << result.err << server.err();
  EXPECT_THAT(result.out, HasSubstr("\nverdict: held\n"));
  EXPECT_THAT(result.out, HasSubstr("healed: nothing is armed"));
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(admin_api(server.admin_port()).healed());
  EXPECT_FALSE(anything_armed(server));
}

INSTANTIATE_TEST_SUITE_P(All, NemesisPreset,
                         ::testing::Values("monkey", "budget_burn",
                                           "rolling_restart", "acceptor_storm",
                                           "brownout", "reload_storm"),
                         topology_name);

// -- with TLS -----------------------------------------------------------------

TEST_F(Nemesis, TlsStormIsSurvived) {
  auto& server = serve_tls();

  const auto result = run(server, "tls_storm", {"--duration", "5s", "--json"});

  ASSERT_EQ(result.exit_code, 0) << result.out << result.err << server.err();
  auto clients = json::parse(result.out).at("clients");
  EXPECT_GT(clients.at("handshakes"), 20);
  EXPECT_GT(clients.at("resumed"), 0);
  EXPECT_GT(clients.at("stalled"), 20);
  EXPECT_GT(clients.at("handshake_us").at("during").at("count"), 0);
  EXPECT_TRUE(admin_api(server.admin_port()).healed());
  EXPECT_FALSE(anything_armed(server));
}

TEST_F(Nemesis, TlsStormNeedsAListenerWithTls) {
  auto& server = serve_faults();

  const auto result = run(server, "tls_storm");

  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("tls_storm is about TLS"));
  EXPECT_THAT(result.err, HasSubstr("--tls-cert FILE"));
  EXPECT_FALSE(anything_armed(server));
}

TEST_F(Nemesis, OtherSchedulesSpeakTlsWhereTheListenerDoes) {
  auto& server = serve_tls();

  const auto result = run(server, "rolling_restart",
                          {"--duration", "2s", "--ca", certificate()});

  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr(", by TLS"));
}

TEST_F(Nemesis, CertificateOfAnotherAuthorityIsAViolation) {
  auto& server = serve_tls();
  const coppice::test::tls_files others;

  const auto result = run(server, "rolling_restart",
                          {"--duration", "1s", "--ca", others.write("other")});

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("its certificate is not trusted"));
}

// -- what they show -----------------------------------------------------------

TEST_F(Nemesis, BudgetIsBurntAndEscalatesOneLevel) {
  auto& server = serve_faults();
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::acceptors);
  ASSERT_TRUE(before);

  EXPECT_EQ(run(server, "budget_burn", {"--duration", "2s"}).exit_code, 0);

  EXPECT_NE(admin.lineage_at(paths::acceptors), before);
  EXPECT_EQ(admin.incarnation(paths::accepting), 1);
}

TEST_F(Nemesis, StormStaysWithinTheBudgetOfASingleAcceptor) {
  auto& server = serve({{"--allow-faults", "--acceptors", "1"}});
  admin_api admin(server.admin_port());

  const auto result = run(server, "acceptor_storm", {"--duration", "6s"});

  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_EQ(admin.incarnation(paths::acceptors), 1);
  EXPECT_GE(admin.incarnation(paths::acceptor(0)), 5);
}

TEST_F(Nemesis, PresetsAreListedAndShown) {
  const auto listed = run_coppice({{"nemesis", "list"}});
  EXPECT_EQ(listed.exit_code, 0);
  for (const char* name :
       {"monkey", "budget_burn", "rolling_restart", "acceptor_storm",
        "brownout", "reload_storm", "tls_storm"}) {
    EXPECT_THAT(listed.out, HasSubstr(std::string(name) + "\n    "));
    const auto shown = run_coppice({{"nemesis", "show", name}});
    EXPECT_EQ(json::parse(shown.out).at("name"), name);
  }
  const auto none = run_coppice({{"nemesis", "show", "monky"}});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("there is no preset \"monky\""));
}

// -- schedules of one's own ---------------------------------------------------

TEST_F(Nemesis, BytesThatAreLostAreFoundAndTheirPlaceIsNamed) {
  auto& server = serve_faults();
  const auto file = schedule(R"--({"name": "loss", "duration": "3s", "steps": [
    {"at": "200ms", "fault": "arm", "point": "net.recv",
     "term": "@20 3*drop"}]})--");

  const auto result = run(server, file, {"--patience", "500ms"});

  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_THAT(result.out, HasSubstr("note: drop or dup"));
  EXPECT_THAT(result.out, HasSubstr("verdict: violated: during, at "));
  EXPECT_THAT(result.out, HasSubstr(": client "));
  EXPECT_THAT(result.out, HasSubstr(", byte "));
  EXPECT_TRUE(serves(server));
}

TEST_F(Nemesis, TomlIsReadAndEveryFaultIsDone) {
  auto& server = serve_faults();
  const auto file = schedule(R"--(
name = "all"
duration = "2500ms"
steps = [
  { at = "100ms", fault = "kill", target = "coppice/listener:echo/accepting/acceptors/acceptor:0", reason = "boom" },
  { at = "200ms", fault = "kill_random", target = "coppice/listener:echo/accepting/acceptors" },
  { at = "300ms", for = "300ms", fault = "suspend", target = "coppice/listener:echo/accepting/acceptors/*" },
  { at = "400ms", fault = "flood", target = "coppice/listener:echo", count = 1000 },
  { at = "500ms", fault = "stall", reactor = 1, time = "50ms" },
  { at = "600ms", fault = "fail_starts", target = "coppice/listener:echo/accepting/acceptors/acceptor:1", count = 1 },
  { at = "700ms", fault = "refuse_stop", target = "coppice/helpers/journal" },
  { at = "800ms", fault = "arm", point = "net.accept", term = "50%delay(5ms)" },
  { at = "900ms", for = "200ms", fault = "toxic", toxic = { type = "latency", attributes = { latency = 20 } } },
  { at = "1500ms", fault = "burn_budget", target = "coppice/listener:echo/accepting/acceptors" },
]
)--",
                             "schedule.toml");

  const auto result = run(server, file, {"--json"});

  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  auto said = json::parse(result.out);
  for (auto& each : said.at("timeline"))
    if (each.contains("came_to")) {
      EXPECT_EQ(each.at("came_to"), "done") << each;
    }
  EXPECT_EQ(said.at("steps").size(), 12U);
  EXPECT_FALSE(anything_armed(server));
}

TEST_F(Nemesis, ToxicsAreTakenOffAtTheEnd) {
  auto& server = serve_faults();
  const auto file = schedule(R"--({"name": "slow", "duration": "1s", "steps": [
    {"at": "100ms", "fault": "toxic", "toxic": {"type": "latency",
     "attributes": {"latency": 100}}},
    {"at": "200ms", "fault": "toxic", "target": "echo", "toxic":
     {"name": "mine", "type": "slicer", "stream": "upstream",
      "attributes": {"average_size": 100, "delay": 10}}}]})--");

  const auto result = run(server, file, {"--json"});

  EXPECT_EQ(result.exit_code, 0) << result.out;
  auto during
    = json::parse(result.out).at("clients").at("latency_us").at("during");
  EXPECT_GE(during.at("p90"), 100'000);
  EXPECT_EQ(
    json::parse(
      http_client(server.admin_port()).get("/listeners/echo/toxics").body),
    json::array());
}

TEST_F(Nemesis, StepsAreTheSameUnderTheSameSeed) {
  auto& server = serve_faults();
  auto steps = [&](const char* seed) {
    const auto result = run(server, "monkey",
                            {"--duration", "1500ms", "--json", "--seed", seed});
    EXPECT_EQ(result.exit_code, 0) << result.out;
    return json::parse(result.out).at("steps");
  };

  const auto first = steps("7");

  EXPECT_EQ(steps("7"), first);
  EXPECT_NE(steps("8"), first);
}

TEST_F(Nemesis, StepThatNeverHitsAnybodyIsNoProof) {
  auto& server = serve_faults();
  const auto file = schedule(R"--({"name": "miss", "duration": "1s", "steps": [
    {"at": "100ms", "fault": "kill", "target": "coppice/nobody"}]})--");

  const auto result = run(server, file);

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out,
              HasSubstr("verdict: none: kill coppice/nobody was never done"));
}

// -- what may go wrong --------------------------------------------------------

TEST_F(Nemesis, SaysWhatIsWrong) {
  auto& server = serve_faults();
  const auto bad = schedule(R"--({"name": "x", "duration": "1s", "steps": [
    {"at": "0ms", "fault": "kil", "target": "x"}]})--");
  const auto unknown = schedule(
    R"--({"name": "x", "duration": "1s", "steps": [
    {"at": "0ms", "fault": "arm", "point": "net.rcv", "term": "drop"}]})--",
    "unknown.json");
  struct {
    std::string schedule;
    std::vector<std::string> more;
    int exit_code;
    std::string says;
  } const cases[]{
    {bad, {}, 2, bad + ":2:19: /steps/0/fault: expected arm, kill"},
    {"monky", {}, 2, "no such file, and no preset"},
    {"monkey", {"--duration", "soon"}, 2, "\"soon\" is no duration"},
    {"monkey", {"--clients", "0"}, 2, "--clients"},
    {unknown, {}, 1, "near: net.recv"},
  };
  for (const auto& each : cases) {
    const auto result = run(server, each.schedule, each.more);
    EXPECT_EQ(result.exit_code, each.exit_code) << each.says;
    EXPECT_THAT(result.err + result.out, HasSubstr(each.says));
  }
}

TEST_F(Nemesis, IsRefusedWhereFaultsAreNotAllowed) {
  auto& server = serve();

  const auto result = run(server, "monkey");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("without --allow-faults"));
  EXPECT_EQ(result.out, "");
}

TEST_F(Nemesis, NeedsTheTokenWhereThereIsOne) {
  const temporary_directory directory;
  const auto file = directory.file("token");
  auto& server = serve_faults({"--admin-token-file", file});

  EXPECT_EQ(run(server, "budget_burn", {"--duration", "1s"}).exit_code, 1);
  EXPECT_EQ(
    run(server, "budget_burn", {"--duration", "1s", "--token-file", file})
      .exit_code,
    0);
}

TEST_F(Nemesis, SaysThatTheServerIsNotThere) {
  auto& server = serve_faults();
  const auto no_admin
    = run_coppice({arguments(server, "monkey", {"--admin", "127.0.0.1:1"})});
  EXPECT_EQ(no_admin.exit_code, 3);

  const auto no_port = run_coppice(
    {{"nemesis", "run", "monkey", "--against", "127.0.0.1:1", "--admin",
      "127.0.0.1:" + std::to_string(server.admin_port())}});
  EXPECT_EQ(no_port.exit_code, 3);
  EXPECT_THAT(no_port.err, HasSubstr("no server listens at 127.0.0.1:1"));
}

TEST_F(Nemesis, HealsWhenItIsInterrupted) {
  auto& server = serve_faults();
  const auto file = schedule(R"--({"name": "long", "duration": "10m", "steps": [
    {"at": "0ms", "fault": "suspend",
     "target": "coppice/listener:echo/accepting/acceptors/acceptor:0"},
    {"at": "0ms", "fault": "arm", "point": "net.timer", "term": "delay(1s)"
}
    ]
    })--");
  auto args = arguments(server, file, {});
  args.insert(args.end(),
              {"--admin", "127.0.0.1:" + std::to_string(server.admin_port())});
  child_process nemesis({args});
  ASSERT_TRUE(eventually([&] { return anything_armed(server); }));

  nemesis.signal(SIGINT);

  EXPECT_EQ(nemesis.wait_exit(), 1);
  while (nemesis.read_more_output(deadline()))
    continue;
  EXPECT_THAT(nemesis.out(), HasSubstr("verdict: none: interrupted"));
  EXPECT_FALSE(anything_armed(server));
  EXPECT_TRUE(serves(server));
}

TEST_F(Nemesis, SeesThatTheServerDoesNotHeal) {
  auto& server = serve_faults();
  const auto file = schedule(R"--({"name": "end", "duration": "1s", "steps": [
    {"at": "100ms", "fault": "kill", "target": "coppice"}]})--");

  const auto result = run(server, file, {"--patience", "500ms"});

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("verdict: violated: "));
  EXPECT_THAT(result.out, HasSubstr("not healed: faults were not cleared"));
}

} // namespace

} // namespace coppice_test::nemesis_test
