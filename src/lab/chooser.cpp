#include "chooser.hpp"

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
    result["shutdown"] = 0;
    break;
  case 9:
    result["shutdown"] = 30;
    result["on_shutdown"] = "ignore";
    break;
  default:
    break;
  }
}

// OTP 25 keeps a dynamic child whose restart is ignored; 27 does not.
chooser::json chooser::plain_outcome(bool dynamic) {
  switch (below(16)) {
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
    return dynamic ? json("ok") : json("ignore");
  default:
    return "ok";
  }
}

} // namespace coppice::lab
