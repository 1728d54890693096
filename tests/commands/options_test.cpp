// SPDX-License-Identifier: BSD-3-Clause

#include "commands/command_line.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace options_test {

using coppice::commands::command_line;

namespace {

void for_each_option(
  const CLI::App& app, const std::string& path,
  const std::function<void(const CLI::Option&, const std::string&)>& use) {
  for (auto* each : app.get_options({}))
    if (each->get_items_expected_max() > 0)
      use(*each, path + " " + each->get_name());
  for (auto* each : app.get_subcommands({}))
    for_each_option(*each, path + " " + each->get_name(), use);
}

// The library's names for types that are numbers.
bool is_number(const CLI::Option& option) {
  auto type = option.get_type_name();
  for (auto* name :
       {"UINT", "INT", "FLOAT", "COUNT", "NUMBER", "SECONDS", "MIB", "SHARE"})
    if (type == name || type.starts_with(std::string{name} + ":"))
      return true;
  return false;
}

} // namespace

// Limits take a number or off, and read it themselves.
TEST(Options, WithANumberHaveARangeThatHelpShows) {
  command_line all;
  auto seen = 0;
  for_each_option(*all.app, "coppice", [&](auto& option, auto& name) {
    if (!is_number(option) || option.get_group() == "Limits")
      return;
    ++seen;
    EXPECT_NE(option.get_type_name().find(" in ["), std::string::npos) << name;
  });
  EXPECT_GT(seen, 10);
}

TEST(Options, RefuseAnEmptyText) {
  command_line all;
  auto seen = 0;
  auto words_of_others = 0;
  for_each_option(*all.app, "coppice", [&](auto& option, auto& name) {
    ++seen;
    if (option.get_type_name() == coppice::any_word) {
      ++words_of_others;
      return;
    }
    std::string empty;
    auto refuses = false;
    for (int i = 0; i < 10; ++i)
      try {
        refuses
          = refuses
            || !(*const_cast<CLI::Option&>(option).get_validator(i))(empty)
                  .empty();
      } catch (const CLI::OptionNotFound&) {
        break;
      }
    EXPECT_TRUE(refuses) << name;
  });
  EXPECT_GT(seen, 100);
  EXPECT_EQ(words_of_others, 1); // of `coppice run -- PROGRAM WORD…`
}

} // namespace options_test
