// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_drawing.hpp"

#include <nlohmann/json.hpp>

namespace coppice::commands {

using json = nlohmann::json;

namespace {

std::string text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// `name value, name value` of those that are neither null, zero nor an object.
std::string listed(const json& values) {
  std::string result;
  for (auto& [name, value] : values.items())
    if (!value.is_null() && !value.is_structured() && value != 0)
      result += (result.empty() ? "" : ", ") + name + " " + text(value);
  return result;
}

std::string line(const char* title, const std::string& content) {
  return content.empty() ? ""
                         : std::string{"  "} + title + "  " + content + "\n";
}

} // namespace

std::string draw_listeners(const json& all) {
  std::string result;
  for (auto& listener : all.value("listeners", json::array())) {
    auto state = text(listener["state"]);
    result += text(listener["name"]) + ": " + state;
    if (!listener["local"].is_null())
      result += (state == "listening" ? " on " : ", was on ")
                + text(listener["local"]);
    auto& active = listener["active"];
    result += "; " + text(active)
              + (active == 1 ? " connection\n" : " connections\n");
    auto& counters = listener["counters"];
    result += line("limits  ", listed(listener["limits"]));
    result += line("counters", listed(counters));
    result += line("errors  ", listed(counters["accept_errnos"]));
  }
  return result;
}

} // namespace coppice::commands
