// SPDX-License-Identifier: BSD-3-Clause

// What is wrong with programs before anything is started.

#include "coppice/process/program.hpp"

#include <chrono>
#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace process_validation_test {

using namespace coppice;
using namespace std::chrono_literals;
using process::program;
using process::readiness;

namespace {

// The field and the sentence.
std::string problem(const std::function<void(program&)>& change,
                    supervision::child_spec spec = {.id = "a"}) {
  program value;
  value.command = {"true"};
  change(value);
  auto result = validate(value, spec);
  return result ? "" : result.error().field + ": " + result.error().message;
}

supervision::child_spec awaited() {
  return {.id = "a", .ready_within = 10s};
}

TEST(ProgramValidation, FindsNothingWrongWithTheDefaults) {
  EXPECT_EQ(problem([](program&) {}), "");
}

TEST(ProgramValidation, WantsACommand) {
  EXPECT_EQ(problem([](program& x) { x.command.clear(); }),
            "command: command needs the program to execute");
  EXPECT_EQ(problem([](program& x) { x.command = {""}; }),
            "command: command needs the program to execute");
  EXPECT_EQ(problem([](program& x) {
              x.command = {"a", std::string("\0", 1)};
            }),
            "command: command has a zero byte in it");
}

TEST(ProgramValidation, WantsATimeForMostKindsOfReadiness) {
  auto with = [](readiness::kind when) {
    return [when](program& x) { x.ready.when = when; };
  };

  EXPECT_EQ(problem(with(readiness::kind::notify)),
            "ready_within: ready when \"notify\" needs ready_within");
  EXPECT_EQ(problem(with(readiness::kind::exit)),
            "ready_within: ready when \"exit\" needs ready_within");
  EXPECT_EQ(problem(with(readiness::kind::notify), awaited()), "");
  EXPECT_EQ(problem(with(readiness::kind::alive)),
            "ready: it has to be alive for > 0 ms");
}

TEST(ProgramValidation, WantsToKnowWhereToLook) {
  auto with = [](readiness::kind when, std::string to) {
    return problem([&](program& x) { x.ready = {.when = when, .to = to}; },
                   awaited());
  };

  EXPECT_EQ(with(readiness::kind::connect, "127.0.0.1:80"), "");
  EXPECT_EQ(with(readiness::kind::connect, "[::1]:80"), "");
  EXPECT_EQ(with(readiness::kind::connect, "unix:/run/x"), "");
  EXPECT_EQ(with(readiness::kind::connect, "80"),
            "ready: expected HOST:PORT, found \"80\"");
  EXPECT_EQ(with(readiness::kind::connect, "host:70000"),
            "ready: expected HOST:PORT, found \"host:70000\"");
  EXPECT_EQ(with(readiness::kind::http, "http://host/health"), "");
  EXPECT_EQ(with(readiness::kind::http, "https://host/health"),
            "ready: expected http://HOST:PORT/PATH, found "
            "\"https://host/health\"");
  EXPECT_EQ(with(readiness::kind::http, "http://host/a b"),
            "ready: the path has a space or a control character in it");
  EXPECT_EQ(with(readiness::kind::file, ""),
            "ready: ready when \"file\" needs its path");
  EXPECT_EQ(with(readiness::kind::log, "up(").substr(0, 37),
            "ready: \"up(\" is no regular expression");
}

TEST(ProgramValidation, WantsALogForAPattern) {
  EXPECT_EQ(problem(
              [](program& x) {
                x.ready = {.when = readiness::kind::log, .to = "up"};
                x.standard_output.to = process::output::target::null;
                x.standard_error.to = process::output::target::inherit;
              },
              awaited()),
            "ready: ready when \"log\" needs a stream of output that goes to "
            "the log");
}

TEST(ProgramValidation, LooksAtNumbersAndNames) {
  EXPECT_EQ(problem([](program& x) {
              x.success = {0, 256};
            }),
            "success: exit codes are 0 to 255");
  EXPECT_EQ(problem([](program& x) { x.stop_signal = 0; }),
            "stop_signal: stop_signal is the number of a signal, 1 to 64");
  EXPECT_EQ(problem([](program& x) { x.stall_signal = 65; }),
            "stall_signal: stall_signal is the number of a signal, 0 to 64");
  EXPECT_EQ(problem([](program& x) {
              x.limits = {{"files", 3}};
            }),
            "limits: there is no limit \"files\"; see getrlimit(2)");
  EXPECT_EQ(problem([](program& x) {
              x.environment = {{"A=B", "c"}};
            }),
            "environment: a variable needs a name without \"=\", and neither "
            "has a zero byte");
  EXPECT_EQ(problem([](program& x) { x.standard_output.max_line = 0; }),
            "standard_output: the longest line has 1 to 1048576 bytes");
  EXPECT_EQ(problem([](program& x) {
              x.standard_error.to = process::output::target::file;
            }),
            "standard_error: standard_error to a file needs its path");
}

} // namespace

} // namespace process_validation_test
