// SPDX-License-Identifier: BSD-3-Clause

#include "child_process.hpp"
#include "temporary_directory.hpp"

#include "lab/engine_world.hpp"
#include "lab/example.hpp"
#include "lab/otp.hpp"
#include "lab/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace coppice_test::lab_test {

namespace {

namespace lab = coppice::lab;

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using arguments = std::vector<std::string>;

constexpr int failed = 1;
constexpr int usage_error = 2;

command_result run(arguments args, arguments::value_type path = {}) {
  launch_options options;
  options.args = std::move(args);
  options.args.insert(options.args.begin(), "lab");
  if (!path.empty())
    options.env = {{"PATH", path}};
  return run_coppice(options, milliseconds{60'000});
}

void expect_one_error(const command_result& result, int exit_code) {
  EXPECT_EQ(result.exit_code, exit_code);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, StartsWith("coppice: "));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
    << result.err;
}

std::vector<std::string> examples() {
  std::vector<std::string> files;
  for (auto& entry :
       std::filesystem::directory_iterator{COPPICE_EXAMPLES_DIR "/lab"})
    files.push_back(entry.path().string());
  return files;
}

std::string example(const std::string& name) {
  return COPPICE_EXAMPLES_DIR "/lab/" + name + ".json";
}

lab::scenario load(const std::string& file) {
  return lab::load_scenario(file).value();
}

std::string content(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

// -- the examples in the program ----------------------------------------------

TEST(LabList, NamesEachExampleAndSaysWhatItIsAbout) {
  auto listed = run({"list"});

  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  std::string expected;
  auto files = examples();
  std::ranges::sort(files);
  for (auto& file : files)
    expected += load(file).name + "\n    " + load(file).about + "\n";
  EXPECT_EQ(listed.out, expected);
}

TEST(LabShow, PrintsAnExampleAsItsFileHasIt) {
  for (auto* name : {"06_retry_loop", "retry_loop"}) {
    auto shown = run({"show", name});

    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_EQ(shown.out, content(example("06_retry_loop")));
  }
}

TEST(LabShow, SaysWhichNameMayHaveBeenMeant) {
  auto result = run({"show", "retry_lop"});

  expect_one_error(result, usage_error);
  EXPECT_EQ(result.err, "coppice: there is no example \"retry_lop\"; did you "
                        "mean retry_loop?\n");
}

TEST(LabExamples, AreTakenByNameWhereAFileIsTaken) {
  for (std::string name : {"10_escalation", "escalation"})
    for (auto& [before, behind] : std::vector<std::pair<arguments, arguments>>{
           {{"run"}, {}},
           {{"run"}, {"--world", "actors"}},
           {{"explain"}, {}}}) {
      auto of = [&](const std::string& scenario) {
        auto all = before;
        all.push_back(scenario);
        all.insert(all.end(), behind.begin(), behind.end());
        return run(all);
      };
      // At its end, explain says where the answers are, by the name given.
      auto without_name = [](const std::string& text) {
        return text.substr(0, text.find("\nThe answers: "));
      };
      auto result = of(name);

      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_EQ(without_name(result.out),
                without_name(of(example("10_escalation")).out))
        << name;
    }
}

TEST(LabExamples, HaveNoRecording) {
  auto result = run({"run", "escalation", "--against", "true", "--recorded"});

  expect_one_error(result, failed);
  EXPECT_EQ(result.err, "coppice: nothing was recorded of an example\n");
}

TEST(LabExamples, AreNamedWhereAFileIsNotThere) {
  for (auto& [name, hint] :
       {std::pair{"one_for_al", "did you mean one_for_all or one_for_one?"},
        {"examples/08_shutdwn.json", "did you mean 08_shutdown?"},
        {"no/such.json", "coppice lab list shows them"}})
    for (auto* command : {"run", "explain"}) {
      auto result = run({command, name});

      expect_one_error(result, failed);
      EXPECT_EQ(result.err, std::string{"coppice: "} + name
                              + ": no such file, and no example; " + hint
                              + "\n");
    }
}

TEST(LabRun, SaysWhereExamplesAreIfThereIsNoScenario) {
  auto result = run({"run"});

  EXPECT_EQ(result.exit_code, usage_error);
  EXPECT_THAT(result.err, HasSubstr("coppice lab list"));
}

// -- run ----------------------------------------------------------------------

TEST(LabRun, TellsTheStoryThatTheLibraryTells) {
  for (auto& file : examples()) {
    auto result = run({"run", file});

    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, story(load(file), lab::play(load(file)))) << file;
  }
}

TEST(LabRun, NamesCauseBudgetAndAffectedChildrenOfARestart) {
  auto result = run({"run", example("02_one_for_all")});

  EXPECT_THAT(result.out,
              HasSubstr("top starts again: db, web, mail, because web ended "
                        "with boom (one_for_all: all children go together); "
                        "restart 1 of 5 within 60 s"));
}

TEST(LabRun, PrintsTheTraceOfTheLibraryAndNothingElse) {
  for (auto& file : examples()) {
    auto result = run({"run", file, "--trace"});

    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, lab::to_text(to_trace(lab::play(load(file)))))
      << file;
    EXPECT_EQ(result.err, "");
  }
}

TEST(LabRun, EngineIsTheDefaultWorld) {
  auto file = example("01_one_for_one");

  EXPECT_EQ(run({"run", file, "--world", "engine"}).out,
            run({"run", file}).out);
}

TEST(LabRun, TellsTheSameStoryOfActors) {
  for (auto& file : examples()) {
    auto result = run({"run", file, "--world", "actors"});

    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, run({"run", file}).out) << file;
  }
}

TEST(LabRun, NamesFilePathAndExpectationOfAMistake) {
  const temporary_directory folder;
  const auto file = folder.file("bad.json");
  std::ofstream{file} << R"({"name": "bad", "steps": [],
    "supervisor": {"id": "top", "children": [{"id": "a", "restart": "ever"}]}})";
  for (auto* command : {"run", "explain"}) {
    auto result = run({command, file});

    expect_one_error(result, failed);
    EXPECT_EQ(result.err,
              "coppice: " + file
                + ":2:58: /supervisor/children/0/restart: expected permanent, "
                  "transient or temporary, found \"ever\"\n");
  }
}

TEST(LabRun, SaysWhereAFileStopsBeingJson) {
  const temporary_directory folder;
  const auto file = folder.file("bad.json");
  std::ofstream{file} << "{\n\"name\" oops";

  auto result = run({"run", file});

  expect_one_error(result, failed);
  EXPECT_THAT(result.err, HasSubstr(file + ": expected JSON: "));
  EXPECT_THAT(result.err, HasSubstr("line 2"));
}

TEST(LabRun, SaysWhyAFileCannotBeRead) {
  const temporary_directory folder;
  auto result = run({"run", folder.file("")});

  expect_one_error(result, failed);
  EXPECT_EQ(result.err, "coppice: " + folder.file("")
                          + ": cannot be read: Is a directory\n");
}

// -- run --against otp --------------------------------------------------------

TEST(LabAgainstOtp, SaysWhatToInstallWhereErlangIsNot) {
  const temporary_directory empty;

  auto result = run({"run", example("01_one_for_one"), "--against", "otp"},
                    empty.file(""));

  expect_one_error(result, failed);
  EXPECT_THAT(result.err, HasSubstr("apt-get install erlang-base"));
}

TEST(LabAgainstOtp, SaysThatThereIsNoErlangWhereOneWasNamed) {
  const temporary_directory empty;

  auto result = run({"run", example("01_one_for_one"), "--against", "otp",
                     "--otp", empty.file("")});

  expect_one_error(result, failed);
  EXPECT_THAT(result.err, HasSubstr("there is no Erlang in " + empty.file("")));
}

TEST(LabAgainstOtp, EndsWithOneWhereAReleaseCannotPlay) {
  const temporary_directory folder;
  const auto escript = folder.file("escript");
  std::ofstream{escript} << "#!/bin/sh\n"
                            "echo '{\"driver\":\"Old\",\"version\":\"1\","
                            "\"protocol\":1}'\n"
                            "read scenario\n"
                            "echo '{\"end\":\"skipped\","
                            "\"reason\":\"too old\"}'\n";
  std::filesystem::permissions(escript, std::filesystem::perms::owner_all);

  auto result = run(
    {"run", example("01_one_for_one"), "--against", "otp", "--otp", escript});

  expect_one_error(result, failed);
  EXPECT_EQ(result.err,
            "coppice: 01_one_for_one cannot be played on Old 1: too old\n");
}

class LabAgainstRealOtp : public testing::Test {
protected:
  void SetUp() override {
    auto found = lab::find_erlang();
    if (!found)
      GTEST_SKIP() << found.error();
  }
};

TEST_F(LabAgainstRealOtp, EndsWithZeroWhereBothAreTheSame) {
  auto result = run({"run", example("10_escalation"), "--against", "otp"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\nThe same: all "));
  EXPECT_EQ(result.out.find("≠"), std::string::npos) << result.out;
}

TEST_F(LabAgainstRealOtp, IsComparedWithActorsIfTheyPlay) {
  auto result = run(
    {"run", example("10_escalation"), "--world", "actors", "--against", "otp"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("  coppice, actors"));
  EXPECT_THAT(result.out, HasSubstr("\nThe same: all "));
}

TEST_F(LabAgainstRealOtp, MarksTheDifferenceOfADeviationAndEndsWithOne) {
  auto result
    = run({"run", COPPICE_CONFORMANCE_DIR "/scenarios/t15_unlink.json",
           "--against", "otp"});

  EXPECT_EQ(result.exit_code, failed) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\nDifferent, first at event "));
  EXPECT_THAT(result.out, HasSubstr("\n≠ "));
}

TEST_F(LabAgainstRealOtp, TakesCommentsAndWaitsThatErlangCannotShorten) {
  const temporary_directory folder;
  const auto file = folder.file("wait.json");
  std::ofstream{file} << R"({"name": "wait", // a comment
    "supervisor": {"id": "top", "children": [{"id": "a"}]},
    "steps": [{"op": "start"}, {"op": "advance_ms", "ms": 10}]})";

  auto result = run({"run", file, "--against", "otp"});

  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST_F(LabAgainstRealOtp, SaysWhichReleaseItComparedWith) {
  auto result = run({"run", example("10_escalation"), "--against", "otp"});

  EXPECT_THAT(result.out,
              ContainsRegex("\nCompared with Erlang/OTP [0-9.]+\\.\n"));
}

TEST_F(LabAgainstRealOtp, HasALineForEachOfManyScenarios) {
  auto result = run({"run", example("10_escalation"),
                     COPPICE_CONFORMANCE_DIR "/scenarios/t15_unlink.json",
                     COPPICE_CONFORMANCE_DIR "/scenarios/t50_bad_flags.json",
                     "--against", "otp"});

  EXPECT_EQ(result.exit_code, failed) << result.err;
  EXPECT_THAT(result.out, HasSubstr("same       10_escalation, 24 events\n"));
  EXPECT_THAT(result.out,
              HasSubstr("different  t15_unlink, first at event 2 of top: "
                        "expected {\"e\":\"reply\",\"op\":\"which_children\""));
  EXPECT_THAT(result.out, HasSubstr("skipped    t50_bad_flags: "));
  EXPECT_THAT(result.out, HasSubstr("\n3 scenarios, coppice, engine and "
                                    "Erlang/OTP "));
  EXPECT_THAT(result.out,
              HasSubstr(": 1 same, 1 different, 1 skipped, 0 failed\n"));
}

TEST_F(LabAgainstRealOtp, ComparesWithEachErlangThatIsNamed) {
  const temporary_directory folder;
  const auto other = folder.file("other");
  auto escript = lab::find_erlang().value().command.front();
  std::filesystem::create_symlink(escript, other);

  auto result = run({"run", example("10_escalation"), "--against", "otp",
                     "--otp", escript, "--otp", other});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (auto& place : {escript, other})
    EXPECT_THAT(result.out, HasSubstr(" (" + place + ").\nThe same: all "));
}

TEST_F(LabAgainstRealOtp, SaysThatItsDriverIsNotWhereTheVariableSays) {
  launch_options options;
  options.args = {"lab", "run", example("01_one_for_one"), "--against", "otp"};
  options.env = {{"COPPICE_OTP_DRIVER", "/no/such/driver"}};

  auto result = run_coppice(options);

  expect_one_error(result, failed);
  EXPECT_THAT(result.err, HasSubstr("/no/such/driver is not there"));
}

TEST_F(LabAgainstRealOtp, SaysWhatErlangDidNotLikeAboutItsAnswer) {
  const temporary_directory folder;
  const auto driver = folder.file("driver");
  std::ofstream{driver} << "#!/usr/bin/env escript\nmain(_) -> "
                           "io:format(\"{\\\"driver\\\":\\\"Erlang\\\","
                           "\\\"version\\\":\\\"\\\",\\\"protocol\\\":1}~n"
                           "{\\\"end\\\":\\\"failed\\\","
                           "\\\"reason\\\":\\\"stuck\\\"}~n\").\n";
  launch_options options;
  options.args = {"lab", "run", example("01_one_for_one"), "--against", "otp"};
  options.env = {{"COPPICE_OTP_DRIVER", driver}};

  auto result = run_coppice(options);

  expect_one_error(result, failed);
  EXPECT_EQ(result.err,
            "coppice: 01_one_for_one cannot be played on Erlang: the driver "
            "says: stuck\n");
}

// -- step ---------------------------------------------------------------------

command_result step(const std::string& scenario, const std::string& input) {
  launch_options options;
  options.args = {"lab", "step", scenario};
  return run_coppice_on(input, options);
}

TEST(LabStep, PlaysAStepForEachLineAndShowsTheTree) {
  auto result = step("escalation", "\n\n\n\n");

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              HasSubstr("\nStep 2 of 4: exit acceptor with reason boom\n"
                        "  acceptor is permanent: it is started again after "
                        "any end.\n"));
  EXPECT_THAT(result.out,
              HasSubstr("\n  Which children are started again?\n"
                        "  0 ms  net sees that acceptor#1 ended: boom\n"));
  EXPECT_THAT(result.out,
              HasSubstr("top             running  0         "
                        "one_for_one, 0 of 1 restarts in 60 s\n"
                        "├─ journal      running  0\n"
                        "└─ net          running  0         "
                        "one_for_one, 1 of 1 restarts in 60 s\n"
                        "   ├─ port      running  0\n"
                        "   └─ acceptor  running  1         last exit: boom\n"
                        "\nStep 3 of 4: exit acceptor with reason boom\n"));
  EXPECT_TRUE(result.out.ends_with("\nThe tree lives.\n")) << result.out;
  // All that a run tells is told here.
  std::istringstream lines{run({"run", "escalation"}).out};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  ")) {
      EXPECT_THAT(result.out, HasSubstr(line + "\n"));
    }
}

TEST(LabStep, SaysWhetherAGuessIsRight) {
  for (auto& [guess, verdict] : {std::pair{"db, web mail", "Right"},
                                 {"db", "Not so"},
                                 {"none", "Not so"},
                                 {"db web mail top", "Not so"}}) {
    auto result = step("one_for_all", std::string{"\n"} + guess + "\n");
    EXPECT_THAT(result.out, HasSubstr(std::string{"\n"} + verdict
                                      + ". Started again: db, web, mail.\n"))
      << guess;
  }
  EXPECT_THAT(step("one_for_all", "none\n").out,
              HasSubstr("\nRight. No child was started again.\n"));
}

TEST(LabStep, TakesASupervisorForAllBelowIt) {
  for (auto* guess : {"net", "net port acceptor"})
    EXPECT_THAT(step("escalation", std::string{"\n\n"} + guess + "\n").out,
                HasSubstr("\nRight. Started again: port, acceptor, net.\n"));
  EXPECT_THAT(step("escalation", "\n\nport acceptor\n").out,
              HasSubstr("\nNot so. Started again: port, acceptor, net.\n"));
}

TEST(LabStep, PlaysNothingForAWordThatIsNoChild) {
  auto result = step("one_for_all", "\nwep\n'web\nnone web\n");

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(
    result.out,
    HasSubstr("there is no child \"wep\"; did you mean web or top?\n"));
  EXPECT_THAT(result.out, HasSubstr("a quote is not closed\n"));
  EXPECT_THAT(result.out, HasSubstr("there is no child \"none\""));
  EXPECT_THAT(result.out, Not(HasSubstr("Step 3")));
}

TEST(LabStep, GoesBackAndLeaves) {
  auto result = step("one_for_all", "back\n\n\nback\nquit\n\n");

  EXPECT_EQ(result.exit_code, 0) << result.err;
  auto step_2 = result.out.find("\nStep 2 of 3: ");
  ASSERT_NE(step_2, std::string::npos);
  auto step_3 = result.out.find("\nStep 3 of 3: ", step_2);
  ASSERT_NE(step_3, std::string::npos);
  EXPECT_NE(result.out.find("\nStep 2 of 3: ", step_3), std::string::npos);
  EXPECT_TRUE(result.out.ends_with("\n  Which children are started again?\n"))
    << result.out;
}

// -- explain and new ----------------------------------------------------------

TEST(LabExplain, HasTheRulesAndWhereTheAnswersAre) {
  for (auto& file : examples()) {
    auto result = run({"explain", file});

    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, lab::explain(load(file))
                            + "\nThe answers: coppice lab run " + file
                            + "; one by one: coppice lab step " + file + "\n");
  }
}

TEST(LabNew, WritesAScenarioThatRuns) {
  const temporary_directory folder;
  const auto file = folder.file("shop.json");

  auto result = run({"new", file});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("coppice lab run " + file));
  EXPECT_EQ(content(file), lab::example_scenario());
  EXPECT_EQ(run({"run", file}).exit_code, 0);
}

TEST(LabNew, GoesToStandardOutputWithoutAFile) {
  auto result = run({"new"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, lab::example_scenario());
}

TEST(LabNew, RefusesToOverwrite) {
  const temporary_directory folder;
  const auto file = folder.file("mine.json");
  std::ofstream{file} << "mine";

  auto result = run({"new", file});

  expect_one_error(result, failed);
  EXPECT_THAT(result.err, HasSubstr(file + " exists already"));
  EXPECT_EQ(content(file), "mine");
}

TEST(LabNew, SaysWhyItCannotWrite) {
  auto result = run({"new", "/no/such/folder/shop.json"});

  expect_one_error(result, failed);
  EXPECT_EQ(result.err, "coppice: /no/such/folder/shop.json cannot be written: "
                        "No such file or directory\n");
}

// -- usage --------------------------------------------------------------------

TEST(LabUsage, MistakesOnTheCommandLineEndWithTwo) {
  auto file = example("01_one_for_one");
  for (auto& line :
       std::vector<arguments>{{},
                              {"jump"},
                              {"run"},
                              {"run", file, file},
                              {"run", file, "--world", "mars"},
                              {"run", file, "--world"},
                              {"run", file, "--against", ""},
                              {"run", file, "--against", "a 'b"},
                              {"run", file, "--recorded"},
                              {"run", file, "--json"},
                              {"run", file, "--against", "otp", "--trace"},
                              {"run", file, "--otp", "/usr"},
                              {"run", file, "--against", "otp", "--otp"},
                              {"run", file, "--frobnicate"},
                              {"explain"},
                              {"explain", file, "--trace"},
                              {"new", "a.json", "b.json"}}) {
    SCOPED_TRACE(testing::PrintToString(line));
    expect_one_error(run(line), usage_error);
  }
}

TEST(LabUsage, HelpGoesToStandardOutput) {
  for (auto& [line, words] : std::vector<std::pair<arguments, arguments>>{
         {{}, {"run", "explain", "new"}},
         {{"run"},
          {"SCENARIO", "--world", "--trace", "--against", "otp", "--otp"}},
         {{"explain"}, {"SCENARIO"}},
         {{"new"}, {"FILE"}}}) {
    auto asked = line;
    asked.push_back("--help");

    auto result = run(asked);

    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    for (auto& word : words)
      EXPECT_THAT(result.out, HasSubstr(word));
  }
}

} // namespace

} // namespace coppice_test::lab_test
