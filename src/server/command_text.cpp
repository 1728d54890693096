// SPDX-License-Identifier: BSD-3-Clause

#include "server/command_text.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <regex>
#include <sstream>
#include <string>
#include <utility>

namespace coppice {

namespace {

constexpr auto arguments = "Arguments";

// More of them fit on no line; then the help says in words which there are.
constexpr std::size_t widest_choices = 72;

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in{text};
  for (std::string each; std::getline(in, each, ',');)
    result.push_back(each);
  return result;
}

// The library's words for types that were not given one.
std::string value_name(const std::string& type) {
  if (type == "UINT" || type == "INT" || type == "FLOAT")
    return "NUMBER";
  return type;
}

std::string in_parentheses(const std::vector<std::string>& remarks) {
  std::string result;
  for (auto& each : remarks)
    result += (result.empty() ? " (" : "; ") + each;
  return result.empty() ? "" : result + ")";
}

// The group of options that were not given one is called differently from
// version to version: `Options`, `OPTIONS` since CLI11 2.5.
std::string group_of(const CLI::Option& option) {
  static const auto standard = CLI::App{}.add_flag("--any")->get_group();
  auto group = option.get_group();
  return group == standard ? "Options" : group;
}

option_text text_of(const CLI::Option& option) {
  option_text result;
  result.positional = option.get_positional();
  result.group = result.positional ? arguments : group_of(option);
  result.required = option.get_required();
  result.repeated = option.get_expected_max() > 1;
  for (auto& each : option.get_snames())
    result.names.push_back("-" + each);
  for (auto& each : option.get_lnames())
    result.names.push_back("--" + each);
  if (result.positional)
    result.names = {option.get_name(true, false)};
  std::vector<std::string> remarks;
  if (option.get_type_size() != 0) {
    // `TEXT:{a,b}`, `COUNT:NUMBER in [1 to 9]`, `UINT:UINT in [1 - 9]`
    static const std::regex checked{
      R"(^(.*?):(?:\{(.*)\}|\w+ in \[(.*?)(?: - (.*))?\])$)"};
    auto type = option.get_type_name();
    std::smatch parts;
    if (std::regex_match(type, parts, checked)) {
      result.choices = split_at_commas(parts[2]);
      if (parts[3].matched)
        remarks.push_back(parts[4].matched
                            ? parts[3].str() + " to " + parts[4].str()
                            : parts[3].str());
      type = parts[1];
    }
    result.value = result.positional ? "" : value_name(type);
    std::string all;
    for (auto& each : result.choices)
      all += (all.empty() ? "" : "|") + each;
    if (!all.empty() && all.size() <= widest_choices)
      result.value = std::move(all);
  }
  for (auto* other : option.get_needs())
    remarks.push_back("needs " + other->get_name());
  if (auto standard = option.get_default_str(); !standard.empty())
    remarks.push_back("default: " + standard);
  result.help = option.get_description() + in_parentheses(remarks);
  return result;
}

} // namespace

command_text describe(const CLI::App& app, const std::string& path) {
  command_text result;
  result.name = app.get_name();
  result.help = app.get_description();
  result.group = app.get_group();
  result.usage = path + " [OPTIONS]";
  for (auto* each : app.get_options({}))
    if (!each->get_group().empty())
      result.options.push_back(text_of(*each));
  for (auto& each : result.options)
    if (each.positional) {
      auto name = each.names.front() + (each.repeated ? "..." : "");
      result.usage += each.required ? " " + name : " [" + name + "]";
    }
  for (auto* each : app.get_subcommands({}))
    if (!each->get_group().empty())
      result.subcommands.push_back(
        describe(*each, path + " " + each->get_name()));
  if (!result.subcommands.empty())
    result.usage = path + " COMMAND";
  return result;
}

} // namespace coppice
