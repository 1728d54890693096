// SPDX-License-Identifier: BSD-3-Clause

#include "system/temporary_directory.hpp"

#include "lab/driver.hpp"

#include <fstream>
#include <sstream>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace driver_test {

using namespace coppice::lab;
using coppice_test::temporary_directory;
using nlohmann::json;
using ::testing::HasSubstr;

namespace {

constexpr std::chrono::seconds limit{30};

using outcome = rendition::outcome;

// A driver that is a script for the shell; its last argument is the file.
driver shell(const std::string& script) {
  return {{"sh", "-c", script, "sh"}};
}

// They look like events, so that a driver can say what it was given.
std::vector<json> scenarios(std::size_t count) {
  std::vector<json> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back({{"e", "given"}, {"name", "s" + std::to_string(i)}});
  return result;
}

std::vector<rendition> played(const driver& who, std::size_t count = 1) {
  auto result = play_by(who, scenarios(count), limit);
  if (auto* err = std::get_if<driver_error>(&result))
    throw std::runtime_error{err->message};
  return std::get<std::vector<rendition>>(result);
}

std::string error_of(const driver& who,
                     std::chrono::milliseconds time = limit) {
  auto result = play_by(who, scenarios(1), time);
  auto* err = std::get_if<driver_error>(&result);
  return err == nullptr ? "" : err->message;
}

TEST(Driver, GetsAScenarioALineAndIsCutAtTheLinesThatNameOne) {
  auto all = played(shell(R"(while read -r line; do
    echo "{\"scenario\":1,\"driver\":\"Mine 3\"}"; echo "$line"; done < "$1")"),
                    2);

  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].result, outcome::played);
  EXPECT_EQ(all[1].player, "Mine 3");
  ASSERT_EQ(all[1].events.size(), 1u);
  EXPECT_EQ(all[1].events[0]["name"], "s1");
}

TEST(Driver, NeedNotSayWhoItIsAndMayPrintOtherLines) {
  auto all = played(shell("echo hello; echo '{\"scenario\":1}'; echo bye"));

  EXPECT_EQ(all[0].player, "");
  EXPECT_TRUE(all[0].events.empty());
}

TEST(Driver, SaysWhatItSkipsAndWhereItFailed) {
  auto all = played(shell(
                      R"(echo '{"scenario":"a"}'
    echo '{"e":"driver_skipped","reason":"too new"}'
    echo '{"scenario":"b"}'; echo '{"e":"retry"}'
    echo '{"e":"driver_failed","reason":"stuck"}')"),
                    2);

  EXPECT_EQ(all[0].result, outcome::skipped);
  EXPECT_EQ(all[0].reason, "too new");
  EXPECT_EQ(all[1].result, outcome::failed);
  EXPECT_EQ(all[1].reason, "stuck");
  EXPECT_TRUE(all[1].events.empty());
}

TEST(Driver, IsReportedIfItDoesNotPlayAll) {
  EXPECT_THAT(error_of(shell("true")), HasSubstr("played 0 of 1 scenarios"));
}

TEST(Driver, IsReportedIfItPrintsWhatIsNoTrace) {
  EXPECT_THAT(error_of(shell("echo '{\"scenario\":1}'; echo '{oops'")),
              HasSubstr("printed what is no trace"));
}

TEST(Driver, IsReportedIfItPrintsWhatIsNoEvent) {
  for (auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
         {R"({"x":1})", R"(expected a string as "e", found none)"},
         {R"({"e":5})", R"(expected a string as "e", found 5)"},
         {R"({"e":"retry","sup":[]})",
          R"(expected a string as "sup", found [])"},
         {R"({"e":"driver_failed"})",
          R"(expected a string as "reason", found none)"},
         {R"({"scenario":2,"driver":3})",
          R"(expected a string as "driver", found 3)"}})
    EXPECT_THAT(error_of(shell("echo '{\"scenario\":1}'; echo '" + line + "'")),
                HasSubstr(" printed what is no trace: line 2: " + why))
      << line;
}

TEST(Driver, IsReportedWithItsExitCode) {
  EXPECT_THAT(error_of(shell("exit 3")), HasSubstr("ended with exit code 3"));
}

TEST(Driver, IsReportedIfItIsNotThere) {
  EXPECT_EQ(error_of({{"/no/such/driver"}}),
            "/no/such/driver cannot be started: No such file or directory");
}

TEST(Driver, IsKilledWhenItsTimeIsOver) {
  EXPECT_THAT(error_of(shell("exec sleep 60"), std::chrono::seconds{1}),
              HasSubstr("took longer than 1 s"));
  EXPECT_THAT(error_of(shell("sleep 60 & wait"), std::chrono::milliseconds{20}),
              HasSubstr("took longer than 20 ms"));
}

TEST(Driver, FindsItsFilesBelowItsRootAndLeavesNothingThere) {
  const temporary_directory root;
  std::filesystem::create_directory(root.file("tmp"));
  std::ofstream{root.file("script")} << "mine";
  auto who = shell("echo '{\"scenario\":1}'; cd " + root.file("")
                   + "; printf '{\"e\":\"'; cat \".$1\"; echo '\"}'; "
                     "echo \"{\\\"e\\\":\\\"$2\\\"}\"; cat \".$3\"");
  who.script = root.file("script");
  who.arguments = {"--lines"};
  who.root = root.file("");

  auto all = played(who);

  ASSERT_EQ(all[0].events.size(), 3u);
  EXPECT_EQ(all[0].events[0]["e"], "mine");
  EXPECT_EQ(all[0].events[1]["e"], "--lines");
  EXPECT_EQ(all[0].events[2]["name"], "s0");
  EXPECT_TRUE(std::filesystem::is_empty(root.file("tmp")));
}

TEST(Driver, IsReportedIfNothingCanBeWrittenBelowItsRoot) {
  auto who = shell("true");
  who.root = "/no/such/root";

  EXPECT_EQ(error_of(who), "cannot write to /no/such/root/tmp");
}

} // namespace

} // namespace driver_test
