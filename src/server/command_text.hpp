// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace coppice {

/// What is written about an option or an argument.
struct option_text {
  std::vector<std::string> names;   ///< `-a`, `--attribute`; PATH.
  std::string value;                ///< `HOST:PORT`; empty: it takes none.
  std::vector<std::string> choices; ///< The only values; empty: any.
  std::string help;                 ///< With its range and its default.
  std::string group;
  bool positional = false;
  bool required = false;
  bool repeated = false;
};

/// What is written about a command: its help, its man page and its completions
/// are made from it.
struct command_text {
  std::string name;  ///< `set`
  std::string usage; ///< `coppice fault set [OPTIONS] POINT TERM`
  std::string help;
  std::string group;
  std::vector<option_text> options = {};
  std::vector<command_text> subcommands = {};
};

/// Of `app`, whose full name is `path` (`coppice fault set`), and of all that
/// is below it and not hidden.
command_text describe(const CLI::App& app, const std::string& path);

/// The groups of `all`, in the order in which they come.
template <class T>
std::vector<std::string> groups_of(const std::vector<T>& all) {
  std::vector<std::string> result;
  for (auto& each : all) {
    auto known = false;
    for (auto& group : result)
      known = known || group == each.group;
    if (!known)
      result.push_back(each.group);
  }
  return result;
}

} // namespace coppice
