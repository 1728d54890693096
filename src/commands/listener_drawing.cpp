// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_drawing.hpp"

#include "commands/answers.hpp"
#include "server/duration.hpp"
#include "server/limit_options.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>

namespace coppice::commands {

namespace {

// `name value, name value` of those that are neither null, zero nor an object,
// as `show(name, value)` has them.
template <class F>
std::string listed(answer_part values, F show) {
  std::string result;
  for (auto& [name, value] : values.members())
    if (!value.is_null() && !value.json().is_structured() && value.json() != 0)
      result += (result.empty() ? "" : ", ") + show(name, value);
  return result;
}

std::string plain(const std::string& name, answer_part value) {
  return name + " " + value.shown_plain();
}

// As `coppice limit` takes it.
std::string limit(const std::string& name, answer_part value) {
  auto* option = option_of_limit(name);
  if (option == nullptr)
    return plain(name, value);
  auto& json = value.json();
  auto is_time = name.ends_with("_ms") && json.is_number_unsigned()
                 && json.get<std::uint64_t>() <= INT64_MAX;
  return std::string{option} + " "
         + (is_time
              ? to_text(std::chrono::milliseconds{json.get<std::int64_t>()})
              : value.shown_plain());
}

std::string line(const char* title, const std::string& content) {
  return content.empty() ? ""
                         : std::string{"  "} + title + "  " + content + "\n";
}

// The oldest version, and what its certificates are for.
std::string tls(answer_part what) {
  auto result = what.at("oldest").shown() + " and newer";
  for (auto& each : what.at("certificates").elements()) {
    std::string names;
    for (auto& name : each.at("names").elements())
      names += (names.empty() ? "" : ", ") + name.shown();
    result += "; " + each.at("file").shown() + " (" + names + ") until "
              + each.at("expires").shown().substr(0, 10);
  }
  return result;
}

} // namespace

std::string draw_listeners(const nlohmann::json& all) {
  std::string result;
  for (auto& listener : answer_part{all}.at("listeners").elements()) {
    auto state = listener.at("state").shown();
    result += listener.at("name").shown() + ": " + state;
    if (auto local = listener.find("local"))
      result += (state == "listening" ? " on " : ", was on ") + local->shown();
    auto active = listener.at("active").shown_plain();
    result
      += "; " + active + (active == "1" ? " connection\n" : " connections\n");
    auto counters = listener.at("counters");
    result += line("limits  ", listed(listener.at("limits"), limit));
    result += line("counters", listed(counters, plain));
    result += line("errors  ", listed(counters.at("accept_errnos"), plain));
    if (auto refused = counters.find("refused"))
      result += line("refused ", listed(*refused, plain));
    if (auto found = listener.find("tls"); found && !found->is_null())
      result += line("tls     ", tls(*found));
  }
  return result;
}

} // namespace coppice::commands
