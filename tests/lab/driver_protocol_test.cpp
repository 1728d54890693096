// SPDX-License-Identifier: BSD-3-Clause

#include "lab/driver_protocol.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

using namespace coppice::lab;
using nlohmann::json;

namespace {

using word_list = std::vector<std::string>;

word_list cut(std::string_view command) {
  auto result = words_of(command);
  if (!result)
    return {"error", result.error().message};
  return *result;
}

std::string mistake_in_header(std::string_view line) {
  auto result = read_driver_header(line);
  return result ? "none" : result.error().message;
}

std::string mistake_in_line(std::string_view line) {
  auto result = read_driver_line(line);
  return result ? "none" : result.error().message;
}

TEST(WordsOf, CutsAtSpacesAlone) {
  EXPECT_EQ(cut("python3 a.py"), (word_list{"python3", "a.py"}));
  EXPECT_EQ(cut("  a   b "), (word_list{"a", "b"}));
  EXPECT_EQ(cut("a $HOME;*|>&"), (word_list{"a", "$HOME;*|>&"}));
}

TEST(WordsOf, KeepsWhatIsQuotedTogether) {
  EXPECT_EQ(cut("'a b' c"), (word_list{"a b", "c"}));
  EXPECT_EQ(cut(R"("a b"c d)"), (word_list{"a bc", "d"}));
  EXPECT_EQ(cut("a '' b"), (word_list{"a", "", "b"}));
  EXPECT_EQ(cut(R"(sh -c "echo '{}' \"x\"")"),
            (word_list{"sh", "-c", R"(echo '{}' "x")"}));
}

TEST(WordsOf, TakesABackslashAsInAShell) {
  EXPECT_EQ(cut(R"(a\ b \')"), (word_list{"a b", "'"}));
  EXPECT_EQ(cut(R"('a\ b')"), (word_list{R"(a\ b)"}));
  EXPECT_EQ(cut(R"(a\)"), (word_list{R"(a\)"}));
  EXPECT_EQ(cut(R"("a\nb\'\ c")"), (word_list{R"(a\nb\'\ c)"}));
  EXPECT_EQ(cut(R"("\"\\\$\`")"), (word_list{R"("\$`)"}));
}

TEST(WordsOf, NeedsAProgramAndClosedQuotes) {
  for (auto* command : {"", "   ", "''", "'' x"})
    EXPECT_EQ(cut(command).front(), "error") << command;
  for (auto* command : {"a 'b", "a \"b", "a \"b\\\""})
    EXPECT_EQ(cut(command).front(), "error") << command;
}

TEST(DriverHeader, SaysWhatTheDriverIs) {
  auto result = read_driver_header(
    R"({"driver":"d","version":"2","protocol":1,"leaves_out":["signal"],"x":1})");

  EXPECT_EQ(result.value(), (driver_header{"d", "2", {"signal"}}));
}

TEST(DriverHeader, NeedsNameVersionAndProtocol) {
  EXPECT_EQ(mistake_in_header("hello"),
            "expected the line in which a driver says what it is, "
            "{\"driver\": …}, found \"hello\"");
  EXPECT_NE(mistake_in_header(R"({"driver":"d","protocol":1})"), "none");
  EXPECT_NE(mistake_in_header(R"({"driver":1,"version":"2","protocol":1})"),
            "none");
  EXPECT_NE(mistake_in_header(R"({"driver":"d","version":"2"})"), "none");
  EXPECT_NE(mistake_in_header(R"({"driver":"d","version":"2","protocol":"1"})"),
            "none");
}

TEST(DriverHeader, LeavesOutNothingThatEveryTraceNeeds) {
  auto header = [](const std::string& leaves_out) {
    return R"({"driver":"d","version":"2","protocol":1,"leaves_out":)"
           + leaves_out + "}";
  };
  for (auto* kind : {"signal", "down", "report", "reply", "start_begin"})
    EXPECT_EQ(mistake_in_header(header(json::array({kind}).dump())), "none");
  for (auto* kind : {"start", "sup_exit", "sup_alive", "colour", ""})
    EXPECT_NE(mistake_in_header(header(json::array({kind}).dump())), "none");
  for (auto* list : {"[1]", "7", "{}", "\"signal\""})
    EXPECT_NE(mistake_in_header(header(list)), "none") << list;
}

TEST(DriverLine, IsAnEventWithTheMembersOfItsKind) {
  auto result = read_driver_line(
    R"({"res":"ok","mine":[1],"n":1,"id":"a","sup":"top","e":"start"})");

  EXPECT_EQ(std::get<trace_event>(result.value()).dump(),
            R"({"e":"start","sup":"top","id":"a","n":1,"res":"ok"})");
}

TEST(DriverLine, TakesANumberOrAWordForAnInstance) {
  for (auto* inst : {"1", "\"undefined\""})
    EXPECT_EQ(mistake_in_line(
                R"({"e":"report","sup":"s","kind":"k","id":"a","reason":"r",)"
                R"("inst":)"
                + std::string{inst} + "}"),
              "none");
  for (auto* inst : {"-1", "1.5", "null", "[]"})
    EXPECT_NE(mistake_in_line(
                R"({"e":"report","sup":"s","kind":"k","id":"a","reason":"r",)"
                R"("inst":)"
                + std::string{inst} + "}"),
              "none")
      << inst;
}

TEST(DriverLine, IsTheEndOfAScenario) {
  auto done = read_driver_line(R"({"end":"done"})");
  auto skipped = read_driver_line(R"({"end":"skipped","reason":"r"})");
  auto failed = read_driver_line(R"({"end":"failed","reason":"f"})");

  EXPECT_EQ(std::get<driver_end>(done.value()).what, driver_end::result::done);
  EXPECT_EQ(std::get<driver_end>(skipped.value()).what,
            driver_end::result::skipped);
  EXPECT_EQ(std::get<driver_end>(skipped.value()).reason, "r");
  EXPECT_EQ(std::get<driver_end>(failed.value()).what,
            driver_end::result::failed);
  EXPECT_EQ(std::get<driver_end>(failed.value()).reason, "f");
}

TEST(DriverLine, SaysWhatWasExpectedAndWhatWasFound) {
  EXPECT_EQ(mistake_in_line("oops"), "expected a JSON object, found \"oops\"");
  EXPECT_EQ(mistake_in_line(""), "expected a JSON object, found \"\"");
  EXPECT_EQ(mistake_in_line("[1]"), "expected a JSON object, found \"[1]\"");
  EXPECT_EQ(mistake_in_line(R"({"e":"retry","sup":"s"})"),
            "expected a string as \"id\" of retry, found "
            R"("{\"e\":\"retry\",\"sup\":\"s\"}")");
  EXPECT_EQ(mistake_in_line(std::string(100, 'x')),
            "expected a JSON object, found \"" + std::string(60, 'x') + "\" …");
  EXPECT_EQ(mistake_in_line("\xff\x1b["),
            R"(expected a JSON object, found "\ufffd\u001b[")");
  for (auto* line : {R"({})", R"({"e":1})", R"({"end":1})", R"({"e":"none"})"})
    EXPECT_NE(mistake_in_line(line), "none") << line;
}

TEST(DriverLine, IsNotNestedWithoutEnd) {
  auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  const std::string refusal{"expected at most 200 levels, found more"};
  for (std::size_t levels : {201, 400'000}) {
    EXPECT_EQ(mistake_in_line(R"({"e":)" + nested(levels) + "}"), refusal);
    EXPECT_EQ(mistake_in_line(R"({"end":)" + nested(levels) + "}"), refusal);
    EXPECT_EQ(mistake_in_line(nested(levels + 1)), refusal);
    EXPECT_EQ(mistake_in_header(R"({"driver":"d","version":"2","protocol":1,)"
                                R"("leaves_out":[)"
                                + nested(levels) + "]}"),
              refusal);
  }
  EXPECT_EQ(mistake_in_line(R"({"e":"sup_alive","mine":)" + nested(199) + "}"),
            "none");
}

TEST(TimesIn, IsTheSumOfAllThatAScenarioNames) {
  EXPECT_EQ(times_in(json::parse(R"({"supervisor": {"children": [
      {"id": "a", "shutdown": 100, "on_shutdown": {"delay_ms": 20}},
      {"id": "b", "shutdown": "infinity"}, {"id": "c", "shutdown": -5}]},
    "steps": [{"op": "sleep_ms", "ms": 3}, {"op": "exit_later", "after_ms": 4}]
    })"))
              .count(),
            127);
}

} // namespace
