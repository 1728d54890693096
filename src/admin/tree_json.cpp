// SPDX-License-Identifier: BSD-3-Clause

#include "admin/tree_json.hpp"

#include "journal/event_json.hpp"

#include <nlohmann/json.hpp>

namespace coppice::admin {

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

} // namespace coppice::admin
