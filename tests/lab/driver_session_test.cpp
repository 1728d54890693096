// SPDX-License-Identifier: BSD-3-Clause

#include "support/errors.hpp"

#include "lab/driver_session.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace driver_session_test {

using namespace coppice::lab;
using nlohmann::json;
using ::testing::HasSubstr;

namespace {

// It says what it is, and then does what `script` says.
std::vector<std::string> shell(const std::string& script,
                               const std::string& more = "") {
  return {"sh", "-c",
          R"(echo '{"driver":"Mine","version":"3","protocol":1)" + more + "}'; "
            + script};
}

// They look like events, so that a driver can say what it was given.
json scenario(int number) {
  return {
    {"e", "unexpected"}, {"sup", "top"}, {"msg", "s" + std::to_string(number)}};
}

constexpr auto done = R"(echo '{"end":"done"}')";

driver_answer played(const std::vector<std::string>& command,
                     std::chrono::milliseconds patience
                     = std::chrono::seconds{30}) {
  driver_session session{command, {.patience = patience}};
  session.give(scenario(0));
  return session.next();
}

std::string error_in(const std::vector<std::string>& command,
                     std::chrono::milliseconds patience
                     = std::chrono::seconds{30}) {
  auto result = played(command, patience);
  return result ? "" : result.error().message;
}

// What the only event of a trace says.
std::string message_in(const driver_answer& answer) {
  auto* events = answer ? std::get_if<trace>(&*answer) : nullptr;
  return events != nullptr && events->size() == 1
           ? events->front()["msg"].get<std::string>()
           : "no trace";
}

TEST(DriverSession, GivesAScenarioALineAndReadsUpToTheLineThatEndsIt) {
  driver_session session{shell(R"(while read -r line; do echo "$line"; )"
                               + std::string{done} + "; done")};

  session.give(scenario(0));
  session.give(scenario(1));

  EXPECT_EQ(session.header().value().name, "Mine");
  EXPECT_EQ(session.header().value().version, "3");
  EXPECT_EQ(message_in(session.next()), "s0");
  EXPECT_EQ(message_in(session.next()), "s1");
  EXPECT_TRUE(session.finish());
}

TEST(DriverSession, GivesAsManyScenariosAtOnceAsADriverTakes) {
  driver_session session{shell(R"(read -r a; read -r b; echo "$a"; )"
                                 + std::string{done} + R"(; echo "$b"; )" + done
                                 + "; read -r c; echo \"$c\"; " + done,
                               R"(,"at_once":2)")};
  for (auto i : {0, 1, 2})
    session.give(scenario(i));

  for (auto* expected : {"s0", "s1", "s2"})
    EXPECT_EQ(message_in(session.next()), expected);

  EXPECT_TRUE(session.finish());
}

TEST(DriverSession, GivesWhatADriverHasNotAnsweredToTheNextOne) {
  driver_session session{
    shell(R"(read -r a; read -r b; case "$a" in *s0*) exit 3;; esac; )"
          R"(echo "$a"; )"
            + std::string{done} + R"(; echo "$b"; )" + done,
          R"(,"at_once":2)")};
  for (auto i : {0, 1, 2})
    session.give(scenario(i));

  EXPECT_THAT(session.next().error().message,
              HasSubstr("ended with exit code 3 after line 1"));
  EXPECT_EQ(message_in(session.next()), "s1");
  EXPECT_EQ(message_in(session.next()), "s2");
}

TEST(DriverSession, SaysWhatItSkipsAndWhereItFailed) {
  driver_session session{shell(
    R"(read -r a; echo '{"end":"skipped","reason":"too new"}'; read -r b; )"
    R"(echo '{"e":"sup_alive"}'; echo '{"end":"failed","reason":"stuck"}')")};
  session.give(scenario(0));
  session.give(scenario(1));

  auto skipped = session.next();
  auto failed = session.next();

  ASSERT_TRUE(skipped);
  EXPECT_EQ(std::get<driver_skip>(*skipped).reason, "too new");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "the driver says: stuck");
}

TEST(DriverSession, IsReportedIfItDoesNotSayWhatItIs) {
  EXPECT_THAT(error_in({"sh", "-c", "echo hello"}),
              HasSubstr("line 1: expected the line in which a driver says "
                        "what it is"));
}

TEST(DriverSession, IsReportedIfItDoesNotPlayAll) {
  EXPECT_THAT(error_in(shell("true")),
              HasSubstr("ended with exit code 0 after line 1, before the end "
                        "of the scenario"));
}

TEST(DriverSession, IsReportedIfItPrintsWhatIsNoTrace) {
  EXPECT_EQ(error_in(shell("echo '{oops'; cat")),
            "line 2: expected a JSON object, found \"{oops\"");
}

TEST(DriverSession, IsReportedIfItPrintsWhatIsNoEvent) {
  for (auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
         {R"({"x":1})", "expected an event, {\"e\": …}, or the end of a "
                        "scenario, {\"end\": …}, found "},
         {R"({"e":5})", "expected a kind of event as \"e\", found \"5\""},
         {R"({"e":"retry","sup":[]})",
          "expected a string as \"sup\" of retry, found "},
         {R"({"end":"failed"})",
          "expected a string as \"reason\" of failed, found "}})
    EXPECT_THAT(error_in(shell("echo '" + line + "'; cat")),
                testing::StartsWith("line 2: " + why))
      << line;
}

TEST(DriverSession, IsReportedIfItSaysMoreAboutItselfThanThereCanBe) {
  for (auto* at_once : {"0", "-1", "\"2\"", "1.5"})
    EXPECT_THAT(
      error_in(shell("cat", std::string{",\"at_once\":"} + at_once)),
      HasSubstr("line 1: expected a number of at least 1 as \"at_once\""))
      << at_once;
}

TEST(DriverSession, IsReportedWithItsExitCode) {
  EXPECT_THAT(error_in(shell("exit 3")), HasSubstr("ended with exit code 3"));
}

TEST(DriverSession, IsReportedIfItIsNotThere) {
  EXPECT_EQ(error_in({"/no/such/driver"}),
            "cannot be started: No such file or directory");
}

TEST(DriverSession, IsKilledWhenItsTimeIsOver) {
  EXPECT_EQ(error_in(shell("exec sleep 60"), std::chrono::seconds{1}),
            "line 2: did not come within 1 s after the scenario was given");
  EXPECT_EQ(
    error_in({"sh", "-c", "sleep 60 & wait"}, std::chrono::milliseconds{20}),
    "line 1: did not come within 20 ms");
}

} // namespace

} // namespace driver_session_test
