// SPDX-License-Identifier: BSD-3-Clause

#include "server/usage_error.hpp"

#include "fault/names.hpp"
#include "observe/printable.hpp"
#include "server/exit_code.hpp"
#include "server/joined.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

namespace coppice {

namespace {

// The command whose options were read last.
const CLI::App& deepest(const CLI::App& app) {
  auto read = app.get_subcommands();
  return read.empty() ? app : deepest(*read.front());
}

std::string name_of(const CLI::App& app) {
  auto above = app.get_parent() != nullptr ? name_of(*app.get_parent()) : "";
  return above.empty() ? app.get_name() : above + " " + app.get_name();
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> result;
  for (auto* each : app.get_subcommands({}))
    if (!each->get_group().empty())
      result.push_back(each->get_name());
  return result;
}

std::vector<std::string> option_names_of(const CLI::App& app) {
  std::vector<std::string> result;
  for (auto* each : app.get_options({})) {
    for (auto& name : each->get_lnames())
      result.push_back("--" + name);
    for (auto& name : each->get_snames())
      result.push_back("-" + name);
  }
  return result;
}

// A word where one of the commands of `app` should be.
std::string no_command(const CLI::App& app, const std::string& word) {
  auto names = command_names(app);
  auto meant = fault::did_you_mean(word, names);
  auto all = app.get_parent() == nullptr
               ? std::string{}
               : "; choose one of " + joined(names, ", ");
  return "there is no command \"" + word + "\"" + (meant.empty() ? all : meant);
}

std::string no_option(const CLI::App& app, const std::string& word) {
  auto name = word.substr(0, word.find('='));
  return "there is no option \"" + name + "\""
         + fault::did_you_mean(name, option_names_of(app));
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word.front() == '-';
}

bool knows_option(const CLI::App& app, const std::string& word) {
  auto name = word.substr(0, word.find('='));
  auto names = option_names_of(app);
  if (std::ranges::find(names, name) != names.end())
    return true;
  return std::ranges::any_of(app.get_subcommands({}), [&](auto* each) {
    return knows_option(*each, word);
  });
}

// What the words that nothing took stand for.
std::optional<std::string> about_left_over(const CLI::App& app) {
  auto left = app.remaining(true);
  auto option = std::ranges::find_if(left, is_option);
  auto commands = command_names(app);
  if (!commands.empty() && !left.empty() && !is_option(left.front()))
    return no_command(app, left.front());
  if (!commands.empty() && (option == left.end() || knows_option(app, *option)))
    return (app.get_parent() == nullptr ? "say which command: "
                                        : "say which subcommand: ")
           + joined(commands, ", ");
  if (option != left.end())
    return no_option(app, *option);
  if (left.empty())
    return {};
  auto name = name_of(app);
  return (name.empty() ? "this" : name) + " takes no argument \"" + left.front()
         + "\" here";
}

int say_usage(const std::string& program, const CLI::App& parsed,
              const std::string& text) {
  auto name = name_of(deepest(parsed));
  std::cerr << observe::printable(program) << ": " << text << " ("
            << (name.empty() ? "help" : name + " --help") << " shows more)"
            << std::endl;
  return usage;
}

} // namespace

std::string in_one_line(const CLI::App& parsed,
                        const CLI::ParseError& problem) {
  auto& app = deepest(parsed);
  auto lacks_command = !app.get_subcommands({}).empty();
  if (lacks_command || dynamic_cast<const CLI::ExtrasError*>(&problem))
    if (auto text = about_left_over(app))
      return observe::printable(*text);
  std::string text = problem.what();
  std::ranges::replace(text, '\n', ' ');
  return observe::printable(text);
}

int usage_error(const std::string& program, const CLI::App& parsed,
                const CLI::ParseError& problem) {
  return say_usage(program, parsed, in_one_line(parsed, problem));
}

int usage_error(const std::string& program, const CLI::App& parsed,
                std::string_view problem) {
  std::string text{problem};
  std::ranges::replace(text, '\n', ' ');
  return say_usage(program, parsed, observe::printable(text));
}

} // namespace coppice
