// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "admin_api.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace coppice_test::journal_test {

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Journal : public server_test {
protected:
  void SetUp() override {
    std::string name
      = (std::filesystem::temp_directory_path() / "journal-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    server_test::TearDown();
    std::filesystem::remove_all(folder_);
  }

  std::string file() const {
    return (folder_ / "some" / "journal.db").string();
  }

  server_process& serve_with_journal(std::vector<std::string> more = {}) {
    more.insert(more.end(),
                {"--journal", file(), "--acceptors", "2", "--allow-faults"});
    return serve({std::move(more)});
  }

  server_process& serve_with_state(std::vector<std::string> args) {
    serve_options options{std::move(args)};
    options.env = {{"XDG_STATE_HOME", folder_.string()}};
    return serve(options);
  }

  command_result ask(std::vector<std::string> args) const {
    args.insert(args.end(), {"--journal", file()});
    launch_options options;
    options.args = std::move(args);
    return run_coppice(options);
  }

  // Until the journal, which is written a moment later, has it.
  bool tells(const std::vector<std::string>& args, const std::string& text) {
    return eventually(
      [&] { return ask(args).out.find(text) != std::string::npos; });
  }

  static std::optional<int> stop(server_process& server) {
    server.signal(SIGTERM);
    return server.wait_exit();
  }

  std::filesystem::path folder_;
};

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    result.push_back(json::parse(line));
  return result;
}

TEST_F(Journal, TellsWhyAnActorWasRestartedAlsoAfterACrashOfTheProcess) {
  auto& server = serve_with_journal();
  ASSERT_EQ(server.cli({"kill", paths::port, "--reason", "boom"}).exit_code, 0);
  ASSERT_TRUE(tells({"why", paths::acceptor(0)}, "restarted (incarnation 2)"));
  server.signal(SIGKILL);
  ASSERT_TRUE(server.wait_exit());

  // Two levels above it, the port was the cause.
  const auto story = ask({"why", paths::acceptor(0)});
  EXPECT_EQ(ask({"why", "acceptor:0"}).out, story.out);
  EXPECT_EQ(story.exit_code, 0);
  EXPECT_EQ(story.err, "");
  EXPECT_THAT(
    story.out,
    AllOf(HasSubstr(paths::port + " is asked to end: boom: by the admin API"),
          HasSubstr(paths::port + " exited: boom"),
          HasSubstr("rest_for_one restarts port acceptors"),
          HasSubstr("it was away for "),
          HasSubstr("0 restarts were left of 1 within 5 s")));

  const auto events = ask({"events", "--path", "acceptor:*", "--json"});
  ASSERT_EQ(events.exit_code, 0) << events.err;
  const auto lines = lines_of(events.out);
  ASSERT_GE(lines.size(), 6U);
  for (const auto& line : lines)
    EXPECT_THAT(line.at("path").get<std::string>(), HasSubstr("/acceptor:"));
  EXPECT_EQ(lines.front().at("kind"), "child_started");
  EXPECT_EQ(lines.back().at("kind"), "child_restarted");
  EXPECT_EQ(ask({"events", "--since", "0s"}).out, "");
}

TEST_F(Journal, TracesAnEndToTheFaultThatWasArmed) {
  auto& server = serve_with_journal();
  ASSERT_EQ(
    server.cli({"fault", "set", "net.accept", "1*throw(boom)"}).exit_code, 0);
  ASSERT_TRUE(serves(server));
  ASSERT_TRUE(tells({"events", "--kind", "child_restarted"}, "acceptor:"));

  std::string victim;
  for (const auto& line :
       lines_of(ask({"events", "--kind", "child_restarted", "--json"}).out))
    victim = line.at("path");
  EXPECT_THAT(ask({"why", victim}).out,
              AllOf(HasSubstr("fault fired at net.accept: throw(boom)"),
                    HasSubstr("exited: boom")));

  const auto story = lines_of(ask({"why", victim, "--json"}).out);
  ASSERT_EQ(story.size(), 1U);
  const auto& chain = story[0].at("chain");
  ASSERT_EQ(chain.size(), 4U);
  for (std::size_t i = 1; i < chain.size(); ++i)
    EXPECT_EQ(chain[i].at("cause"), chain[i - 1].at("seq"));
  EXPECT_EQ(chain[2].at("decision").at("strategy"), "one_for_one");
  EXPECT_EQ(chain[2].at("decision").at("budget_used"), 1);
}

TEST_F(Journal, KeepsEachRunApart) {
  for (int run = 1; run <= 2; ++run) {
    auto& server = serve_with_journal();
    ASSERT_EQ(stop(server), 0);
  }
  const auto all = lines_of(ask({"events", "--json"}).out);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().at("run"), 1);
  EXPECT_EQ(all.back().at("run"), 2);
  EXPECT_EQ(ask({"events", "--run", "2", "--json"}).out.find("\"run\":1"),
            std::string::npos);
  EXPECT_EQ(lines_of(ask({"events", "--last", "3", "--json"}).out).size(), 3U);

  const auto target = (folder_ / "all.jsonl").string();
  EXPECT_EQ(ask({"journal", "export", "--output", target}).exit_code, 0);
  std::ifstream in(target);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_EQ(lines_of(text.str()), all);
  EXPECT_EQ(ask({"journal", "export"}).out, text.str());
}

TEST_F(Journal, ThatCannotBeWrittenIsAWarningAndNothingElse) {
  std::ofstream(folder_ / "some") << "a file in the way of the folder";
  auto& server = serve_with_journal();
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(eventually([&] {
    return server.err().find("warning " + paths::journal
                             + " does not write to its file: "
                               "cannot create")
           != std::string::npos;
  }))
    << server.err();
  EXPECT_EQ(server.cli({"kill", paths::acceptor(0)}).exit_code, 0);
  EXPECT_TRUE(admin_api(server.admin_port()).await_healed());
  EXPECT_TRUE(serves(server));
}

TEST_F(Journal, SurvivesTheEndOfItsActorInOneRun) {
  auto& server = serve_with_journal();
  ASSERT_EQ(server.cli({"kill", paths::journal}).exit_code, 0);
  ASSERT_TRUE(tells({"events", "--path", "journal"}, "restarted"));
  ASSERT_EQ(server.cli({"kill", paths::acceptor(0)}).exit_code, 0);
  ASSERT_TRUE(tells({"events", "--path", "acceptor:0"}, "restarted"));

  for (const auto& line : lines_of(ask({"events", "--json"}).out))
    EXPECT_EQ(line.at("run"), 1);
}

TEST_F(Journal, IsOffIfSoAsked) {
  auto& server = serve_with_state({"--journal", "off"});
  EXPECT_TRUE(serves(server));
  ASSERT_EQ(stop(server), 0);
  EXPECT_THAT(std::filesystem::directory_iterator(folder_),
              std::filesystem::directory_iterator());
}

TEST_F(Journal, IsUsedByDefault) {
  auto& server = serve_with_state({});
  EXPECT_TRUE(serves(server));
  ASSERT_EQ(stop(server), 0);
  launch_options options;
  options.args = {"events"};
  options.env = {{"XDG_STATE_HOME", folder_.string()}};
  EXPECT_THAT(run_coppice(options).out, HasSubstr(paths::admin + " started"));
}

TEST_F(Journal, SaysWhatIsWrongWithAQuestion) {
  auto wrong = [&](std::vector<std::string> args) {
    const auto result = ask(std::move(args));
    EXPECT_THAT(result.out, IsEmpty());
    return std::to_string(result.exit_code) + " " + result.err;
  };
  EXPECT_THAT(wrong({"events"}),
              HasSubstr("1 coppice: there is no journal at "));
  serve_with_journal();
  EXPECT_THAT(wrong({"events", "--since", "soon"}),
              HasSubstr("2 coppice: --since: \"soon\" is no duration"));
  EXPECT_THAT(wrong({"events", "--kind", "odd"}),
              HasSubstr("2 coppice: --kind: there is no kind of event called"));
  EXPECT_THAT(
    wrong({"why", "nobody"}),
    HasSubstr("1 coppice: the journal knows of no end or restart at"));
  EXPECT_THAT(wrong({"why", "acceptr:0"}),
              HasSubstr("\"acceptr:0\"; did you mean " + paths::acceptor(0)));
  EXPECT_THAT(
    wrong({"why", "acceptor:*"}),
    AllOf(HasSubstr("1 coppice: \"acceptor:*\" may be one of 2 actors"),
          HasSubstr("\n  " + paths::acceptor(1) + "\n")));
  EXPECT_THAT(wrong({"journal"}), HasSubstr("2 coppice: "));
}

TEST_F(Journal, LeavesTheLogToItsLevel) {
  auto& server = serve_with_journal({"--log-level", "error"});
  ASSERT_EQ(server.cli({"kill", paths::acceptor(0)}).exit_code, 0);
  ASSERT_TRUE(tells({"events", "--path", "acceptor:0"}, "restarted"));
  EXPECT_EQ(server.err(), "");
  EXPECT_EQ(server.cli({"log"}).out, "the log shows error and above\n");

  EXPECT_EQ(server.cli({"log", "info"}).out, "the log shows info and above\n");
  ASSERT_EQ(server.cli({"kill", paths::acceptor(1)}).exit_code, 0);
  EXPECT_TRUE(eventually([&] {
    return server.err().find("acceptor:1 restarted") != std::string::npos;
  }));
  EXPECT_EQ(server.cli({"log", "loud"}).exit_code, 2);
}

TEST_F(Journal, CanBeReadByProgramsInTheLog) {
  auto& server = serve_with_journal({"--log-format", "json"});
  ASSERT_EQ(server.cli({"kill", paths::acceptor(0)}).exit_code, 0);
  ASSERT_TRUE(eventually(
    [&] { return server.err().find("child_restarted") != std::string::npos; }));
  for (const auto& line :
       lines_of(server.err().substr(0, server.err().rfind('\n') + 1)))
    EXPECT_TRUE(line.contains("seq") && line.contains("text")) << line;
}

} // namespace

} // namespace coppice_test::journal_test
