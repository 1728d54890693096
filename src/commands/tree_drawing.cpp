// SPDX-License-Identifier: BSD-3-Clause

#include "commands/tree_drawing.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace coppice::commands {

namespace {

using row = std::array<std::string, 5>;

std::string number(const nlohmann::json& node, const char* key) {
  auto i = node.find(key);
  return i == node.end() ? "" : i->dump();
}

std::string remark(const nlohmann::json& node) {
  if (node.contains("strategy"))
    return node["strategy"].get<std::string>() + ", "
           + number(node, "budget_used") + " of " + number(node, "intensity")
           + " restarts in " + number(node, "period_seconds") + " s";
  if (node.contains("peer"))
    return "peer " + node["peer"].get<std::string>();
  if (node.contains("last_exit"))
    return "last exit: " + node["last_exit"].get<std::string>();
  return {};
}

void collect(const nlohmann::json& node, const std::string& lead,
             const std::string& below, std::vector<row>& rows) {
  rows.push_back({lead + node["id"].get<std::string>(),
                  node["state"].get<std::string>(), number(node, "restarts"),
                  number(node, "connections"), remark(node)});
  auto& children = node["children"];
  for (std::size_t i = 0; i < children.size(); ++i) {
    auto last = i + 1 == children.size();
    collect(children[i], below + (last ? "└─ " : "├─ "),
            below + (last ? "   " : "│  "), rows);
  }
}

// Columns on the screen: continuation bytes of UTF-8 take none.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
    text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

} // namespace

std::string draw_tree(const nlohmann::json& root) {
  std::vector<row> rows{{"ACTOR", "STATE", "RESTARTS", "CONNECTIONS", ""}};
  collect(root, "", "", rows);
  std::array<std::size_t, 4> widths{};
  for (auto& r : rows)
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width(r[i]));
  std::string result;
  for (auto& r : rows) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i)
      line += r[i] + std::string(widths[i] - width(r[i]) + 2, ' ');
    line += r.back();
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + "\n";
  }
  return result;
}

} // namespace coppice::commands
