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
                + ": /supervisor/children/0/restart: expected permanent, "
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
  for (auto& [file, why] :
       {std::pair{folder.file("none.json"), "No such file or directory"},
        {folder.file(""), "Is a directory"}}) {
    auto result = run({"run", file});

    expect_one_error(result, failed);
    EXPECT_EQ(result.err,
              "coppice: " + file + ": cannot be read: " + why + "\n");
  }
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

// -- explain and new ----------------------------------------------------------

TEST(LabExplain, PredictsWhatTheLibraryPredicts) {
  for (auto& file : examples()) {
    auto result = run({"explain", file});

    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, lab::explain(load(file))) << file;
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
