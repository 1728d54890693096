// SPDX-License-Identifier: BSD-3-Clause

#include "lab/random_scenario.hpp"

namespace coppice::lab {

namespace {

using nlohmann::json;

// The shortest that each key can be and still be a scenario.
std::size_t least(const std::string& key) {
  return key == "starts" || key == "args" ? 1 : 0;
}

bool optional_key(const std::string& key) {
  for (auto* name :
       {"restart", "significant", "starts", "trap_exit", "on_shutdown",
        "auto_shutdown", "type", "init_returns", "intensity", "strategy"})
    if (key == name)
      return true;
  return false;
}

bool list_key(const std::string& key) {
  return key == "steps" || key == "children" || key == "starts"
         || key == "during";
}

// Calls `take` with each value that is `value` without one part; what `take`
// gets is the value at `place` replaced in a copy of the whole.
void reduce(const json& whole, const json::json_pointer& place,
            std::vector<json>& out) {
  auto& value = whole[place];
  auto put = [&](json replacement) {
    auto copy = whole;
    copy[place] = std::move(replacement);
    out.push_back(std::move(copy));
  };
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      reduce(whole, place / i, out);
    return;
  }
  if (!value.is_object())
    return;
  if (value.contains("then"))
    put(value["then"]);
  for (auto& [key, member] : value.items()) {
    if (optional_key(key)) {
      auto copy = value;
      copy.erase(key);
      put(std::move(copy));
    }
    if (member.is_array() && list_key(key) && member.size() > least(key))
      for (std::size_t i = 0; i < member.size(); ++i) {
        auto copy = value;
        copy[key].erase(i);
        put(std::move(copy));
      }
    reduce(whole, place / key, out);
  }
}

} // namespace

std::vector<json> smaller(const json& value) {
  std::vector<json> result;
  reduce(value, json::json_pointer{}, result);
  return result;
}

} // namespace coppice::lab
