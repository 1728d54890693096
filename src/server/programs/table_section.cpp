// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/table_section.hpp"

#include "fault/names.hpp"
#include "server/duration.hpp"
#include "server/joined.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace coppice::programs {

using namespace std::chrono_literals;

namespace {

constexpr auto a_time = "a time such as \"500ms\", \"10s\" or \"2m\"";

std::string range(std::int64_t least, std::int64_t most) {
  return "from " + std::to_string(least)
         + (most == INT64_MAX ? " on" : " to " + std::to_string(most));
}

// What people know from elsewhere, and what it is called here.
constexpr std::pair<std::string_view, std::string_view> renamed[] = {
  {"args", "command"},
  {"cmd", "command"},
  {"entrypoint", "command"},
  {"exec", "command"},
  {"name", "id"},
  {"cwd", "directory"},
  {"working_dir", "directory"},
  {"env", "environment"},
  {"healthcheck", "ready"},
  {"readiness", "ready"},
  {"stop_grace_period", "shutdown"},
  {"stopwaitsecs", "shutdown"},
  {"stopsignal", "stop_signal"},
  {"ulimits", "limits"},
  {"scale", "copies"},
  {"numprocs", "copies"},
  {"autorestart", "restart"},
  {"exitcodes", "success"},
  {"watchdog", "progress_within"},
};

} // namespace

std::string near(std::string_view wrong,
                 const std::vector<std::string>& names) {
  std::string result;
  if (wrong.size() < 2) // like everything
    return result;
  for (auto& each : fault::names_near(wrong, names))
    result += (result.empty() ? "; did you mean \"" : " or \"") + each + '"';
  return result.empty() ? result : result + "?";
}

table_section::table_section(const toml_file::table& keys, std::uint32_t line,
                             std::string title, complaints& wrong,
                             const variables& values, std::string prefix)
    : file_section(keys, line, std::move(title), wrong),
      values_(values),
      prefix_(std::move(prefix)) {
  // nop
}

std::string table_section::name_of(std::string_view key) const {
  return prefix_ + (prefix_.empty() ? "" : ".") + std::string{key};
}

const toml_file::node* table_section::get(std::string_view key) {
  known_.emplace(key);
  return toml_file::find(keys(), key);
}

void table_section::refuse(std::string_view key, const std::string& text) {
  complain(line_of(key), name_of(key) + ": " + text);
}

void table_section::refuse_word(std::string_view key, const std::string& seen,
                                const std::vector<std::string>& words,
                                std::string_view last) {
  refuse(key, "\"" + seen + "\" is none of " + joined(words, ", ")
                + std::string{last} + near(seen, words));
}

std::optional<std::string> table_section::text_of(const toml_file::node& value,
                                                  std::string_view key) {
  auto* text = value.as<std::string>();
  if (text == nullptr) {
    complain_of_kind(value, name_of(key), "a text");
    return {};
  }
  auto result = expanded(*text, values_);
  if (!result) {
    complain(value.line, result.error());
    return {};
  }
  if (result->find('\0') != result->npos) {
    complain(value.line, name_of(key) + ": a text cannot have a NUL in it");
    return {};
  }
  return *std::move(result);
}

std::optional<std::string> table_section::text(std::string_view key) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  auto result = text_of(*value, key);
  if (result && result->empty()) {
    refuse(key, "an empty text is no value");
    return {};
  }
  return result;
}

std::optional<std::vector<std::string>>
table_section::texts(std::string_view key) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  std::vector<std::string> result;
  auto* list = value->as<toml_file::array>();
  if (list == nullptr) {
    if (value->as<std::string>() == nullptr) {
      complain_of_kind(*value, name_of(key), "a text or a list of texts");
      return {};
    }
    auto one = text(key);
    if (!one)
      return {};
    result.push_back(*std::move(one));
    return result;
  }
  for (auto& each : *list) {
    auto one = text_of(each, key);
    if (!one)
      return {};
    result.push_back(*std::move(one));
  }
  return result;
}

std::optional<bool> table_section::flag(std::string_view key) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  auto* yes = value->as<bool>();
  if (yes == nullptr) {
    complain_of_kind(*value, name_of(key), "true or false");
    return {};
  }
  return *yes;
}

std::optional<std::int64_t> table_section::whole(std::string_view key,
                                                 std::int64_t least,
                                                 std::int64_t most) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  auto* number = value->as<std::int64_t>();
  if (number == nullptr) {
    complain_of_kind(*value, name_of(key), "a whole number");
    return {};
  }
  if (*number < least || *number > most) {
    refuse(key, std::to_string(*number) + " is no whole number "
                  + range(least, most));
    return {};
  }
  return *number;
}

std::optional<double> table_section::number(std::string_view key, double least,
                                            double most) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  auto* fraction = value->as<double>();
  auto* whole = value->as<std::int64_t>();
  if (fraction == nullptr && whole == nullptr) {
    complain_of_kind(*value, name_of(key), "a number");
    return {};
  }
  auto result = fraction != nullptr ? *fraction : static_cast<double>(*whole);
  if (!(result >= least && result <= most)) {
    std::ostringstream text;
    text << result << " is no number from " << least << " to " << most;
    refuse(key, text.str());
    return {};
  }
  return result;
}

std::optional<std::chrono::milliseconds>
table_section::time_of(const std::string& text, std::string_view key) {
  auto result = parse_duration(text);
  if (!result)
    refuse(key, "\"" + text
                  + "\" is no time such as \"500ms\", \"10s\" or "
                    "\"2m\"");
  return result;
}

std::optional<std::chrono::milliseconds>
table_section::time(std::string_view key) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  if (value->as<std::string>() == nullptr) {
    complain_of_kind(*value, name_of(key), a_time);
    return {};
  }
  auto words = text_of(*value, key);
  return words ? time_of(*words, key) : std::nullopt;
}

std::optional<std::chrono::seconds>
table_section::seconds(std::string_view key) {
  auto exact = time(key);
  if (!exact)
    return {};
  auto result = std::chrono::floor<std::chrono::seconds>(*exact);
  if (result < 1s || result != *exact) {
    refuse(key, to_text(*exact) + " is no whole number of seconds, from 1s on");
    return {};
  }
  return result;
}

std::optional<std::size_t>
table_section::word(std::string_view key,
                    const std::vector<std::string>& words) {
  auto seen = text(key);
  if (!seen)
    return {};
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == *seen)
      return i;
  refuse_word(key, *seen, words);
  return {};
}

std::optional<std::vector<std::string>>
table_section::command(std::string_view key) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  std::vector<std::string> result;
  if (auto* text = value->as<std::string>()) {
    auto words = split_words(*text);
    if (!words) {
      complain(value->line, words.error());
      return {};
    }
    for (auto& each : *words) {
      auto one = text_of({std::move(each), value->line, value->column}, key);
      if (!one)
        return {};
      result.push_back(*std::move(one));
    }
  } else if (value->as<toml_file::array>() != nullptr) {
    auto words = texts(key);
    if (!words)
      return {};
    result = *std::move(words);
  } else {
    complain_of_kind(*value, name_of(key), "a text or a list of texts");
    return {};
  }
  if (result.empty() || result.front().empty()) {
    refuse(key, "it names no program");
    return {};
  }
  return result;
}

std::optional<table_section> table_section::table(std::string_view key,
                                                  std::string_view example) {
  auto* value = get(key);
  if (value == nullptr)
    return {};
  auto* inner = value->as<toml_file::table>();
  if (inner == nullptr) {
    complain_of_kind(*value, name_of(key),
                     "a table such as " + std::string{example});
    return {};
  }
  return table_section{*inner,  value->line, title(),
                       wrong(), values_,     name_of(key)};
}

void table_section::finish(const std::vector<other_keys>& elsewhere) {
  std::vector<std::string> names{known_.begin(), known_.end()};
  for (auto& [key, value] : keys()) {
    if (known_.contains(key))
      continue;
    auto found = std::ranges::find_if(
      elsewhere, [&](auto& each) { return each.keys.contains(key); });
    if (found != elsewhere.end()) {
      complain(value.line, "the key \"" + name_of(key) + "\" " + found->where);
      continue;
    }
    auto hint = near(key, names);
    for (auto& [theirs, ours] : renamed)
      if (key == theirs && known_.contains(ours))
        hint = "; did you mean \"" + std::string{ours} + "\"?";
    complain(value.line, "unknown key \"" + name_of(key) + "\"" + hint);
  }
}

} // namespace coppice::programs
