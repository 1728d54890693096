// SPDX-License-Identifier: BSD-3-Clause

#include "commands/command_line.hpp"
#include "commands/table.hpp"
#include "server/command_text.hpp"
#include "server/help_text.hpp"

#include <CLI/CLI.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace help_text_test {

using namespace coppice;
using namespace coppice::commands;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

std::size_t longest_line(const std::string& text) {
  std::istringstream lines{text};
  std::size_t result = 0;
  for (std::string line; std::getline(lines, line);)
    result = std::max(result, line.size());
  return result;
}

void expect_fits(const command_text& what) {
  EXPECT_LE(longest_line(help_text(what, 80)), 80U) << help_text(what, 80);
  for (auto& each : what.subcommands)
    expect_fits(each);
}

command_text whole_program() {
  command_line line;
  return describe(*line.app, "coppice");
}

} // namespace

TEST(HelpText, WrapsAtTheWidth) {
  EXPECT_EQ(wrapped("one two three four", 9, 2, 2), "one two\n  three\n  four");
  EXPECT_EQ(wrapped("", 9, 2, 2), "");
  EXPECT_EQ(wrapped("incompressible", 9, 2, 2), "incompressible");
}

TEST(HelpText, IsGroupedAndNamesValuesChoicesRangesAndDefaults) {
  CLI::App app{"do something", "it"};
  app.set_help_flag();
  std::string bind = "::", kind;
  unsigned count = 3;
  app.add_option("FILE", kind, "a file")->required();
  app.add_option("--bind", bind, "where to listen")
    ->type_name("ADDRESS")
    ->group("Network")
    ->capture_default_str();
  app.add_option("-k,--kind", kind, "what it is")
    ->check(CLI::IsMember({"a", "b"}));
  app.add_option("--count", count, "how many")->check(CLI::Range(1U, 9U));

  EXPECT_EQ(help_text(describe(app, "it"), 50), R"(do something

Usage: it [OPTIONS] FILE

Arguments:
  FILE            a file

Network:
  --bind ADDRESS  where to listen (default: ::)

Options:
  -k,--kind a|b   what it is
  --count NUMBER  how many (1 to 9)
)");
}

TEST(HelpText, PutsANameThatIsTooWideOnALineOfItsOwn) {
  command_text what{"it", "it", "do something", ""};
  what.options
    = {{{"-x"}, "", {}, "short", "Options"},
       {{"--an-option-with-a-long-name"}, "VALUE", {}, "long", "Options"}};

  EXPECT_THAT(help_text(what, 80),
              HasSubstr("  -x  short\n"
                        "  --an-option-with-a-long-name VALUE\n"
                        "      long\n"));
}

TEST(HelpText, OfEachCommandFitsIntoEightyColumns) {
  expect_fits(whole_program());
}

TEST(HelpText, ListsEveryCommandThatIsNotHidden) {
  auto text = help_text(whole_program(), 80);

  for (auto& each : all_commands())
    EXPECT_EQ(text.find("\n  " + each.name + " ") != text.npos,
              each.in != group::hidden)
      << each.name;
  EXPECT_THAT(
    groups_of(whole_program().subcommands),
    ElementsAre("Run", "Look", "Act", "Faults", "Laboratory", "Shell"));
}

TEST(CommandTable, HasAHelpTextForEverything) {
  auto check = [](auto& self, const command_text& what) -> void {
    EXPECT_NE(what.help, "") << what.usage;
    EXPECT_FALSE(what.help.ends_with('.')) << what.usage;
    for (auto& option : what.options)
      EXPECT_NE(option.help, "") << what.usage << " " << option.names.front();
    for (auto& each : what.subcommands)
      self(self, each);
  };

  check(check, whole_program());
}

TEST(CommandTable, OfAConsoleHasWhatActsOnAServer) {
  command_line line{session{}};
  auto console = describe(*line.app, "");

  std::vector<std::string> names;
  for (auto& each : console.subcommands)
    names.push_back(each.name);
  std::vector<std::string> expected;
  for (auto& each : all_commands())
    if (each.on_a_server)
      expected.push_back(each.name);
  EXPECT_EQ(names, expected);
  for (auto name : {"tree", "kill", "fault", "toxic", "nemesis", "events"})
    EXPECT_THAT(names, testing::Contains(name));
  for (auto name : {"serve", "lab", "console", "completion", "man-pages"})
    EXPECT_THAT(names, testing::Not(testing::Contains(name)));
}

} // namespace help_text_test
