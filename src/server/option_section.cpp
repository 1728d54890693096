// SPDX-License-Identifier: BSD-3-Clause

#include "server/option_section.hpp"

#include "fault/names.hpp"
#include "server/limit_options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <utility>

namespace coppice {

namespace {

// `--max-connections` is `max_connections`.
std::string key_of(std::string_view option) {
  if (option == port_argument)
    return "port";
  while (option.starts_with('-'))
    option.remove_prefix(1);
  std::string result{option};
  std::ranges::replace(result, '-', '_');
  return result;
}

// A message about options, in terms of keys.
std::string in_keys(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    auto begin = text.find("--");
    result += text.substr(0, begin);
    if (begin == text.npos)
      break;
    text.remove_prefix(begin);
    auto end = std::min(text.find_first_not_of("-abcdefghijklmnopqrstuvwxyz"),
                        text.size());
    result += key_of(text.substr(0, end));
    text.remove_prefix(end);
  }
  constexpr std::string_view argument = port_argument;
  if (result.starts_with(argument))
    result.replace(0, argument.size(), key_of(argument));
  return result;
}

// Whether it says how connections begin: then new ones can begin otherwise.
bool is_of_beginning(std::string_view key) {
  return key.starts_with("tls_") || key.starts_with("proxy_");
}

bool takes_no_value(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}

bool is_repeatable(const CLI::Option& option) {
  return option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
}

std::optional<std::string> text_of(const toml_file::node& value) {
  if (auto* text = value.as<std::string>())
    return *text;
  if (auto* number = value.as<std::int64_t>())
    return std::to_string(*number);
  return {};
}

} // namespace

options_by_name options_by_key(CLI::App& app) {
  options_by_name result;
  for (auto* each : app.get_options({}))
    if (each != app.get_help_ptr())
      result.emplace(key_of(each->get_name()), each);
  return result;
}

std::string subject_of(const std::string& message) {
  return message.substr(0, message.find(':'));
}

option_section::option_section(CLI::App& app, const toml_file::table& keys,
                               std::uint32_t line, std::string title,
                               complaints& wrong)
    : file_section(keys, line, std::move(title), wrong),
      options_(options_by_key(app)) {
  // nop
}

void option_section::read(const std::set<std::string>& skipped,
                          const options_by_name& elsewhere,
                          const std::string& hint, std::string_view no_option) {
  for (auto& [key, value] : keys()) {
    if (!key.empty() && key == no_option)
      continue;
    auto found = options_.find(key);
    if (found == options_.end()) {
      auto misplaced = elsewhere.contains(key);
      complain(value.line, misplaced ? "the key \"" + key + "\" belongs " + hint
                                     : "unknown key \"" + key + "\""
                                         + fault::did_you_mean(key, names()));
    } else if (!skipped.contains(found->second->get_name())) {
      set(*found->second, key, value);
    }
  }
}

void option_section::complain(const std::string& about_options) {
  auto text = in_keys(about_options);
  complain(line_of(subject_of(text)), text);
}

std::vector<std::string> option_section::names() const {
  std::vector<std::string> result;
  for (auto& [key, option] : options_)
    result.push_back(key);
  return result;
}

// What a command line would have, or nothing if the value is of no use.
std::optional<std::vector<std::string>>
option_section::words_of(const CLI::Option& option, const std::string& key,
                         const toml_file::node& value) {
  std::vector<std::string> result;
  auto* list = value.as<toml_file::array>();
  if (takes_no_value(option)) {
    auto* yes = value.as<bool>();
    if (yes == nullptr) {
      complain_of_kind(value, key, "true or false");
      return {};
    }
    if (*yes)
      result.emplace_back("true");
    return result;
  }
  if (list != nullptr && is_repeatable(option)) {
    for (auto& each : *list) {
      auto text = text_of(each);
      if (!text) {
        complain_of_kind(each, key, "a text");
        return {};
      }
      result.push_back(*std::move(text));
    }
    return result;
  }
  auto text = text_of(value);
  if (!text) {
    complain_of_kind(value, key,
                     is_repeatable(option) ? "a text or a list of texts"
                                           : "a text or a whole number");
    return {};
  }
  result.push_back(*std::move(text));
  return result;
}

void option_section::set(CLI::Option& option, const std::string& key,
                         const toml_file::node& value) {
  auto words = words_of(option, key, value);
  if (!words || words->empty())
    return;
  config_key seen{{},
                  option.get_group() == limits_group || is_of_beginning(key)};
  for (auto& each : *words) {
    option.add_result(each);
    seen.value += (seen.value.empty() ? "" : ", ") + each;
  }
  try {
    option.run_callback();
    values_[key] = std::move(seen);
  } catch (const CLI::ParseError& problem) {
    complain(value.line, in_keys(problem.what()));
  }
}

} // namespace coppice
