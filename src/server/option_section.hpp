// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/file_section.hpp"
#include "server/listener_group.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace coppice {

/// The argument that is the key `port`.
inline constexpr auto port_argument = "PORT";

using options_by_name = std::map<std::string, CLI::Option*>;

/// All options of `app`, but for help, by their keys: `--max-connections` is
/// `max_connections`.
options_by_name options_by_key(CLI::App& app);

/// `KEY: what is wrong` is about that key.
std::string subject_of(const std::string& message);

/// A table of a configuration file of which each key is an option of a command
/// line.
class option_section : public file_section {
public:
  option_section(CLI::App& app, const toml_file::table& keys,
                 std::uint32_t line, std::string title, complaints& wrong);

  /// Sets all options but those called in `skipped`. Keys that are no options
  /// may be those of `elsewhere`, of which `hint` says where that is; one may
  /// be there for something else.
  void read(const std::set<std::string>& skipped,
            const options_by_name& elsewhere, const std::string& hint,
            std::string_view no_option = {});

  using file_section::complain;

  /// About an option, or several.
  void complain(const std::string& about_options);

  /// What was set, as text.
  const config_keys& values() const noexcept {
    return values_;
  }

private:
  std::vector<std::string> names() const;
  std::optional<std::vector<std::string>>
  words_of(const CLI::Option& option, const std::string& key,
           const toml_file::node& value);
  void set(CLI::Option& option, const std::string& key,
           const toml_file::node& value);

  options_by_name options_;
  config_keys values_;
};

} // namespace coppice
