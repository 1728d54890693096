// SPDX-License-Identifier: BSD-3-Clause

#include "lab/chooser.hpp"

namespace coppice::lab {

std::string chooser::any_name(const std::vector<std::string>& names) {
  return names.empty() ? "nobody" : names[below(names.size())];
}

chooser::json chooser::reason() {
  if (chance(15))
    return json::array({"shutdown", "why"});
  return any_of<std::string>(
    {"boom", "boom", "bad", "normal", "shutdown", "kill"});
}

// Times are far apart, so that Erlang's answer does not hang on chance.
void chooser::decorate(json& result, bool dynamic) {
  switch (below(dynamic ? 8 : 12)) {
  case 0:
    result["shutdown"] = "brutal_kill";
    break;
  case 1:
    result["trap_exit"] = true;
    break;
  case 2:
    result["on_shutdown"] = {{"exit", reason()}};
    break;
  case 3:
    result["shutdown"] = "infinity";
    result["on_shutdown"] = {{"delay_ms", 10}};
    break;
  case 4:
    result["type"] = "supervisor";
    result["shutdown"] = 5000;
    break;
  case 8:
    result["shutdown"] = 30;
    result["on_shutdown"] = "ignore";
    break;
  default:
    break;
  }
}

chooser::json chooser::plain_outcome(bool may_ignore) {
  switch (below(19)) {
  case 0:
    return {{"error", "nope"}};
  case 1:
    return {{"exit", "nope"}};
  case 2:
    return {{"throw", "nope"}};
  case 3:
    return {{"raise", "nope"}};
  case 4:
    return {{"value", "nope"}};
  case 5:
    return {{"init_exit", reason()}};
  case 6:
    return {{"ok", "extra"}};
  case 7:
    return {{"error", json::array({"shutdown", "nope"})}};
  case 8:
    return may_ignore ? json("ignore") : json("ok");
  case 9:
    return may_ignore ? json{{"throw", "ignore"}} : json("ok");
  case 10:
    return {{"throw", json::array({"error", "nope"})}};
  case 11:
    return {{"value", json::array({"error", "nope"})}};
  default:
    return "ok";
  }
}

} // namespace coppice::lab
