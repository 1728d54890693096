// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_drawing.hpp"

#include "commands/answers.hpp"

#include <nlohmann/json.hpp>

namespace coppice::commands {

namespace {

// `name value, name value` of those that are neither null, zero nor an object.
std::string listed(answer_part values) {
  std::string result;
  for (auto& [name, value] : values.members())
    if (!value.is_null() && !value.json().is_structured() && value.json() != 0)
      result += (result.empty() ? "" : ", ") + name + " " + value.shown_plain();
  return result;
}

std::string line(const char* title, const std::string& content) {
  return content.empty() ? ""
                         : std::string{"  "} + title + "  " + content + "\n";
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
    result += line("limits  ", listed(listener.at("limits")));
    result += line("counters", listed(counters));
    result += line("errors  ", listed(counters.at("accept_errnos")));
  }
  return result;
}

} // namespace coppice::commands
