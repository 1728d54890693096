// SPDX-License-Identifier: BSD-3-Clause

#include "server/help_text.hpp"

#include "server/terminal_width.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

namespace coppice {

namespace {

constexpr std::size_t widest_name = 26;

std::string full_name(const CLI::App& app) {
  auto above = app.get_parent() != nullptr ? full_name(*app.get_parent()) : "";
  return above.empty() ? app.get_name() : above + " " + app.get_name();
}

// `-a,--attribute NAME=NUMBER ...`
std::string title_of(const option_text& what) {
  std::string result;
  for (auto& each : what.names)
    result += (result.empty() ? "" : ",") + each;
  if (!what.value.empty())
    result += " " + what.value;
  return result + (what.repeated ? "..." : "");
}

using row = std::pair<std::string, std::string>;

// Two columns; a name that is too wide has a line of its own.
std::string in_columns(const std::vector<row>& rows, std::size_t name_width,
                       std::size_t columns) {
  std::string result;
  auto indent = name_width + 4;
  for (auto& [name, help] : rows) {
    auto line = "  " + name;
    if (name.size() > name_width)
      line += "\n" + std::string(indent, ' ');
    else
      line += std::string(indent - line.size(), ' ');
    result += line + wrapped(help, columns, indent, indent) + "\n";
  }
  return result;
}

template <class T, class F>
std::string in_groups(const std::vector<T>& all, F row_of,
                      std::size_t columns) {
  std::size_t width = 0;
  for (auto& each : all)
    if (auto size = row_of(each).first.size(); size <= widest_name)
      width = std::max(width, size);
  std::string result;
  for (auto& group : groups_of(all)) {
    std::vector<row> rows;
    for (auto& each : all)
      if (each.group == group)
        rows.push_back(row_of(each));
    result += "\n" + group + ":\n" + in_columns(rows, width, columns);
  }
  return result;
}

} // namespace

void format_help(CLI::App& app) {
  app.formatter_fn([](const CLI::App* which, std::string, CLI::AppFormatMode) {
    return help_text(describe(*which, full_name(*which)), help_width());
  });
}

void add_help(CLI::App& app) {
  app.set_help_flag("-h,--help", "print this help and exit")
    ->group(last_help_group);
}

std::string wrapped(const std::string& text, std::size_t columns,
                    std::size_t indent, std::size_t used) {
  std::string result;
  std::istringstream words{text};
  auto line_is_empty = true;
  for (std::string word; words >> word;) {
    if (!line_is_empty && used + 1 + word.size() > columns) {
      result += "\n" + std::string(indent, ' ');
      used = indent;
      line_is_empty = true;
    }
    if (!line_is_empty) {
      result += ' ';
      ++used;
    }
    result += word;
    used += word.size();
    line_is_empty = false;
  }
  return result;
}

std::string help_text(const command_text& what, std::size_t columns) {
  auto result = wrapped(what.help, columns, 0, 0)
                + "\n\nUsage: " + wrapped(what.usage, columns, 7, 7) + "\n";
  result += in_groups(
    what.subcommands,
    [](const command_text& each) {
      return row{each.name, each.help};
    },
    columns);
  // Arguments first.
  auto options = what.options;
  std::stable_partition(options.begin(), options.end(),
                        [](auto& each) { return each.positional; });
  result += in_groups(
    options,
    [](const option_text& each) {
      return row{title_of(each), each.help};
    },
    columns);
  if (!what.subcommands.empty())
    result += "\n"
              + wrapped("COMMAND --help shows the options of a command.",
                        columns, 0, 0)
              + "\n";
  return result;
}

} // namespace coppice
