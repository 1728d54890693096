// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/environment_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::programs {

namespace {

bool names_a_variable(std::string_view name) {
  return !name.empty()
         && name.find_first_of(std::string_view{"=\0 \t", 4}) == name.npos;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  auto first = text.find_first_not_of(blanks);
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Quotes around all of a value are no part of it.
std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == value.back()
      && (value.front() == '"' || value.front() == '\''))
    return value.substr(1, value.size() - 2);
  return value;
}

// NAME=VALUE lines, empty ones and comments.
void read_variables(table_section& from, const std::string& file,
                    std::string_view text, process::program& into) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    auto line = trimmed(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#')
      continue;
    auto equals = line.find('=');
    auto name = trimmed(line.substr(0, equals));
    if (equals == line.npos || !names_a_variable(name)
        || line.find('\0') != line.npos) {
      from.refuse("env_file", file + ":" + std::to_string(number)
                                + ": this is not NAME=VALUE");
      return;
    }
    into.environment.insert_or_assign(
      std::string{name},
      std::string{unquoted(trimmed(line.substr(equals + 1)))});
  }
}

void read_inherited(table_section& from, process::program& into) {
  auto* value = from.get("inherit_environment");
  if (value == nullptr)
    return;
  if (auto* yes = value->as<bool>()) {
    into.inherit_environment.reset();
    if (!*yes)
      into.inherit_environment.emplace();
  } else if (value->as<toml_file::array>() == nullptr) {
    from.complain_of_kind(*value, "inherit_environment",
                          "true, false or a list of names");
  } else if (auto names = from.texts("inherit_environment")) {
    for (auto& each : *names)
      if (!names_a_variable(each))
        from.refuse("inherit_environment",
                    "\"" + each + "\" cannot be the name of a variable");
    into.inherit_environment = *std::move(names);
  }
}

} // namespace

std::string in_folder(const std::string& folder, const std::string& path) {
  return folder.empty() || path.starts_with('/') ? path : folder + "/" + path;
}

void read_environment(table_section& from, const surroundings& where,
                      const std::string& folder, process::program& into) {
  read_inherited(from, into);
  if (auto files = from.texts("env_file"))
    for (auto& file : *files) {
      if (auto text = where.content(in_folder(folder, file)))
        read_variables(from, file, *text, into);
      else
        from.refuse("env_file", file + ": " + text.error());
    }
  auto table = from.table("environment", "{ TZ = \"UTC\" }");
  if (!table)
    return;
  for (auto& [name, value] : table->keys()) {
    if (!names_a_variable(name))
      table->complain(value.line, "environment: \"" + name
                                    + "\" cannot be the name of a variable");
    else if (auto* number = value.as<std::int64_t>())
      into.environment.insert_or_assign(name, std::to_string(*number));
    else if (auto text = table->text_of(value, name))
      into.environment.insert_or_assign(name, *std::move(text));
  }
}

void read_user(table_section& from, const surroundings& where,
               process::program& into) {
  auto name = from.text("user");
  if (!name)
    return;
  auto line = from.line_of("user");
  auto own = where.own_user();
  auto number = where.user(*name);
  if (!number)
    from.complain(line, "user \"" + *name + "\" is unknown");
  else if (own != 0 && own != *number)
    from.complain(line, "user \"" + *name + "\" needs root, or to be " + *name
                          + " already (uid " + std::to_string(*number) + ")");
  into.user = *std::move(name);
}

} // namespace coppice::programs
