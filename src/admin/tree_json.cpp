// SPDX-License-Identifier: BSD-3-Clause

#include "admin/tree_json.hpp"

#include "actor/actor_faults.hpp"
#include "fault/names.hpp"
#include "journal/event_json.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace coppice::admin {

namespace {

// A point that is armed for some paths only.
struct armed_point {
  std::string name;
  std::string pattern;
  std::string term;
};

std::vector<armed_point> armed_for_paths(const fault::registry& faults) {
  std::vector<armed_point> result;
  for (auto& each : faults.list()) {
    auto colon = each.name.find(':');
    if (!each.term.empty() && !each.used_up && colon != each.name.npos)
      result.push_back(
        {each.name.substr(0, colon), each.name.substr(colon + 1), each.term});
  }
  return result;
}

void add_faults(nlohmann::json& node, actor::runtime& rt,
                const std::vector<armed_point>& armed) {
  auto path = node.at("path").get<std::string>();
  if (is_suspended(rt, path))
    node["suspended"] = true;
  for (auto& each : armed)
    if (fault::matches_path(each.pattern, path))
      node["armed"].push_back({{"point", each.name}, {"term", each.term}});
  for (auto& child : node.at("children"))
    add_faults(child, rt, armed);
}

void collect_suspended(const observe::node_view& node, actor::runtime& rt,
                       std::vector<std::string>& paths) {
  if (is_suspended(rt, node.path))
    paths.push_back(node.path);
  for (auto& child : node.children)
    collect_suspended(child, rt, paths);
}

} // namespace

nlohmann::json to_json(const observe::node_view& node) {
  nlohmann::json result{
    {"id", node.id},
    {"path", node.path},
    {"type", to_string(node.type)},
    {"state", to_string(node.state)},
    {"incarnation", node.incarnation},
    {"restarts", node.incarnation > 0 ? node.incarnation - 1 : 0},
    {"children", nlohmann::json::array()},
  };
  if (node.restart)
    result["restart"] = to_string(*node.restart);
  if (!node.last_exit.empty())
    result["last_exit"] = node.last_exit;
  if (node.own_budget)
    result["own_budget"] = journal::to_json(*node.own_budget);
  if (node.connections)
    result["connections"] = *node.connections;
  if (node.members)
    result["members"] = *node.members;
  if (node.supervisor) {
    result["strategy"] = to_string(node.supervisor->strategy);
    result["intensity"] = node.supervisor->intensity;
    result["period_seconds"] = node.supervisor->period.count();
    result["budget_used"] = node.supervisor->budget_used;
  }
  for (auto& child : node.children)
    result["children"].push_back(to_json(child));
  return result;
}

nlohmann::json look_at_tree(actor::runtime& rt) {
  auto root = rt.tree.look(std::chrono::steady_clock::now());
  if (!root)
    return {};
  auto result = to_json(*root);
  add_faults(result, rt, armed_for_paths(rt.faults));
  return result;
}

std::vector<std::string> suspended_actors(actor::runtime& rt) {
  std::vector<std::string> result;
  if (auto root = rt.tree.look(std::chrono::steady_clock::now()))
    collect_suspended(*root, rt, result);
  return result;
}

} // namespace coppice::admin
