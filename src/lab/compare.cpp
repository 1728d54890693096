// SPDX-License-Identifier: BSD-3-Clause

#include "lab/compare.hpp"
#include "lab/lanes.hpp"

#include "observe/printable.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace coppice::lab {

namespace {

std::optional<trace_event> element(const lane& events, std::size_t index) {
  if (index < events.size())
    return trace_event(events[index]);
  return {};
}

void find_dynamic(const supervisor_def& def, std::set<std::string>& found) {
  if (def.dynamic())
    found.insert(def.id);
  for (auto& child : def.children)
    if (child.nested)
      find_dynamic(*child.nested, found);
}

// In any JSON: what has a wrong type is not found.
void find_dynamic(const nlohmann::json& node, std::set<std::string>& found) {
  static const nlohmann::json::json_pointer strategy{"/flags/strategy"};
  if (node.is_object() && node.contains("id") && node["id"].is_string()
      && node.contains(strategy)
      && node[strategy] == to_string(supervision::strategy::simple_one_for_one))
    found.insert(node["id"].get<std::string>());
  if (node.is_structured())
    for (auto& each : node)
      find_dynamic(each, found);
}

} // namespace

comparison::comparison(const scenario& plan) {
  find_dynamic(plan.top, dynamic);
}

comparison::comparison(const nlohmann::json& scenario) {
  find_dynamic(scenario, dynamic);
}

bool comparison::counts(const std::string& kind) const {
  return kind != "progress" && kind != "died" && kind != "call"
         && !left_out.contains(kind);
}

std::string to_string(const difference& what) {
  auto show = [](const std::optional<trace_event>& ev) {
    return ev ? observe::printable(ev->dump()) : "nothing";
  };
  return "event " + std::to_string(what.index) + " of "
         + observe::printable(what.sup) + ": expected " + show(what.expected)
         + ", found " + show(what.actual);
}

std::optional<difference> compare(const trace& expected, const trace& actual,
                                  const comparison& rules) {
  auto left = lanes_of(expected, rules);
  auto right = lanes_of(actual, rules);
  for (auto& [sup, _] : right)
    left.try_emplace(sup);
  for (auto& [sup, events] : left) {
    auto& others = right[sup];
    auto [i, j] = std::mismatch(events.begin(), events.end(), others.begin(),
                                others.end());
    if (i == events.end() && j == others.end())
      continue;
    auto index = static_cast<std::size_t>(i - events.begin());
    return difference{sup, index, element(events, index),
                      element(others, index)};
  }
  return {};
}

std::size_t compared(const trace& events, const comparison& rules) {
  return static_cast<std::size_t>(
    std::count_if(events.begin(), events.end(),
                  [&](auto& ev) { return rules.counts(ev["e"]); }));
}

} // namespace coppice::lab
