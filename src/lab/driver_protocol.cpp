// SPDX-License-Identifier: BSD-3-Clause

#include "lab/driver_protocol.hpp"

#include "lab/bounded_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace coppice::lab {

namespace {

using nlohmann::ordered_json;

enum class member_type { text, number, text_or_number };

struct member {
  const char* name;
  member_type type;
};

// The members of each kind of event that is compared, beside "e".
const std::map<std::string, std::vector<member>>& event_members() {
  using enum member_type;
  constexpr member sup{"sup", text};
  constexpr member id{"id", text};
  constexpr member n{"n", number};
  constexpr member reason{"reason", text};
  static const std::map<std::string, std::vector<member>> result{
    {"start_begin", {sup, id, n}},
    {"start", {sup, id, n, {"res", text}}},
    {"exit", {sup, id, n, reason}},
    {"signal", {sup, id, n, {"sig", text}}},
    {"down", {sup, id, n, reason}},
    {"report", {sup, {"kind", text}, id, {"inst", text_or_number}, reason}},
    {"retry", {sup, id}},
    {"reply", {sup, {"op", text}, {"res", text}}},
    {"unexpected", {sup, {"msg", text}}},
    {"log_error", {sup}},
    {"gen_server_terminate", {sup, reason}},
    {"sup_exit", {reason}},
    {"sup_alive", {}},
    // Never compared.
    {"progress", {}},
    {"died", {}},
    {"call", {}},
  };
  return result;
}

// Without these there is nothing to compare.
bool can_be_left_out(const std::string& kind) {
  return event_members().contains(kind) && kind != "start" && kind != "sup_exit"
         && kind != "sup_alive";
}

// The beginning of what was found, on one line.
std::string brief(std::string_view text) {
  constexpr std::size_t most = 60;
  auto shown = ordered_json(std::string{text.substr(0, most)})
                 .dump(-1, ' ', true, ordered_json::error_handler_t::replace);
  return shown + (text.size() > most ? " …" : "");
}

unexpected<protocol_error> unlike(const std::string& expected,
                                  std::string_view found) {
  return unexpected{
    protocol_error{"expected " + expected + ", found " + brief(found)}};
}

bool fits(const ordered_json& value, member_type type) {
  auto is_number = value.is_number_unsigned();
  switch (type) {
  case member_type::text:
    return value.is_string();
  case member_type::number:
    return is_number;
  case member_type::text_or_number:
    return value.is_string() || is_number;
  }
  return false;
}

std::string expectation(member_type type) {
  switch (type) {
  case member_type::text:
    return "a string";
  case member_type::number:
    return "a number";
  case member_type::text_or_number:
    return "a string or a number";
  }
  return {};
}

// The object that a line is; `expected` is what it should say.
expected<ordered_json, protocol_error> object_in(std::string_view line,
                                                 const std::string& expected) {
  auto parsed = parse_bounded<ordered_json>(line, comments::refused);
  if (parsed && parsed->is_object())
    return *std::move(parsed);
  if (!parsed && !parsed.error().starts_with("expected JSON"))
    return unexpected{protocol_error{parsed.error()}};
  return unlike(expected, line);
}

expected<std::variant<trace_event, driver_end>, protocol_error>
read_event(const ordered_json& value, std::string_view line) {
  auto& kind = value["e"];
  auto known = kind.is_string() ? event_members().find(kind.get<std::string>())
                                : event_members().end();
  if (known == event_members().end())
    return unlike("a kind of event as \"e\"", kind.dump());
  trace_event result{{"e", kind}};
  for (auto& [name, type] : known->second) {
    auto i = value.find(name);
    if (i == value.end() || !fits(*i, type))
      return unlike(expectation(type) + " as \"" + name + "\" of "
                      + kind.get<std::string>(),
                    line);
    result[name] = *i;
  }
  return result;
}

expected<std::variant<trace_event, driver_end>, protocol_error>
read_end(const ordered_json& value, std::string_view line) {
  auto& what = value["end"];
  if (what == "done")
    return driver_end{};
  if (what != "skipped" && what != "failed")
    return unlike("done, skipped or failed as \"end\"", what.dump());
  auto reason = value.find("reason");
  if (reason == value.end() || !reason->is_string())
    return unlike("a string as \"reason\" of " + what.get<std::string>(), line);
  return driver_end{what == "skipped" ? driver_end::result::skipped
                                      : driver_end::result::failed,
                    reason->get<std::string>()};
}

// Whether a backslash before `c` means `c`, as in a shell.
bool escapable(char c, char quote) {
  constexpr std::string_view in_double_quotes = "\"\\$`";
  return quote == '\0'
         || (quote == '"'
             && in_double_quotes.find(c) != std::string_view::npos);
}

// Takes the next word of `rest`; nothing if a quote is not closed.
std::optional<std::string> take_word(std::string_view& rest) {
  std::string word;
  auto quote = '\0';
  for (; !rest.empty() && (quote != '\0' || rest.front() != ' ');
       rest.remove_prefix(1)) {
    auto c = rest.front();
    auto escapes = c == '\\' && rest.size() > 1 && escapable(rest[1], quote);
    if (escapes) {
      rest.remove_prefix(1);
      word += rest.front();
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      word += c;
    }
  }
  if (quote != '\0')
    return {};
  return word;
}

} // namespace

expected<driver_header, protocol_error>
read_driver_header(std::string_view line) {
  auto* first_line = "the line in which a driver says what it is, "
                     "{\"driver\": …}";
  auto value = object_in(line, first_line);
  if (!value)
    return unexpected{std::move(value.error())};
  if (!value->contains("driver"))
    return unlike(first_line, line);
  for (auto* name : {"driver", "version"})
    if (!value->contains(name) || !(*value)[name].is_string())
      return unlike("a string as \"" + std::string{name} + "\"", line);
  if (value->value("protocol", ordered_json{}) != driver_protocol)
    return unlike(std::to_string(driver_protocol) + " as \"protocol\"", line);
  driver_header result{(*value)["driver"], (*value)["version"], {}};
  auto leaves_out = value->value("leaves_out", ordered_json::array());
  if (!leaves_out.is_array())
    return unlike("a list as \"leaves_out\"", line);
  for (auto& kind : leaves_out) {
    if (!kind.is_string() || !can_be_left_out(kind.get<std::string>()))
      return unlike("in \"leaves_out\" kinds of events that can be left out",
                    kind.dump());
    result.leaves_out.insert(kind.get<std::string>());
  }
  auto at_once = value->value("at_once", ordered_json(1U));
  if (!at_once.is_number_unsigned() || at_once == 0)
    return unlike("a number of at least 1 as \"at_once\"", line);
  result.at_once = at_once.get<std::size_t>();
  return result;
}

expected<std::variant<trace_event, driver_end>, protocol_error>
read_driver_line(std::string_view line) {
  auto value = object_in(line, "a JSON object");
  if (!value)
    return unexpected{std::move(value.error())};
  if (value->contains("e"))
    return read_event(*value, line);
  if (value->contains("end"))
    return read_end(*value, line);
  return unlike("an event, {\"e\": …}, or the end of a scenario, "
                "{\"end\": …}",
                line);
}

expected<std::vector<std::string>, protocol_error>
words_of(std::string_view command) {
  std::vector<std::string> words;
  auto rest = command;
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.empty())
      break;
    auto word = take_word(rest);
    if (!word)
      return unexpected{
        protocol_error{"a quote is not closed in " + brief(command)}};
    words.push_back(std::move(*word));
  }
  if (words.empty() || words.front().empty())
    return unexpected{
      protocol_error{"there is no program in " + brief(command)}};
  return words;
}

std::chrono::milliseconds times_in(const nlohmann::json& scenario) {
  // Beyond this, a scenario waits for something that will not come.
  constexpr std::int64_t longest = 3'600'000;
  std::chrono::milliseconds result{0};
  if (!scenario.is_structured())
    return result;
  for (auto& [key, value] : scenario.items()) {
    auto is_time = key == "ms" || key == "after_ms" || key == "delay_ms"
                   || key == "shutdown";
    if (is_time && value.is_number_integer())
      result += std::chrono::milliseconds{
        std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, longest)};
    else
      result += times_in(value);
  }
  return result;
}

} // namespace coppice::lab
