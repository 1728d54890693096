// SPDX-License-Identifier: BSD-3-Clause

#include "commands/tree_drawing.hpp"

#include "commands/answers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace coppice::commands {

namespace {

struct row {
  std::array<std::string, 5> cells;
  lab::tone tone = lab::tone::plain;
};

std::string number(answer_part node, const char* key) {
  auto found = node.find(key);
  return found ? std::to_string(found->number()) : "";
}

// Of a connection, if the server says so.
std::string traffic_of(answer_part node) {
  auto age = node.find("age_ms");
  if (!age)
    return {};
  auto tls = node.find("tls");
  return (tls ? ", " + tls->shown() : "") + ", "
         + std::to_string(age->number() / 1000) + " s, "
         + number(node, "bytes_in") + " bytes in, " + number(node, "bytes_out")
         + " bytes out";
}

std::string describe_node(answer_part node) {
  if (auto strategy = node.find("strategy"))
    return strategy->shown() + ", " + number(node, "budget_used") + " of "
           + number(node, "intensity") + " restarts in "
           + number(node, "period_seconds") + " s";
  if (auto peer = node.find("peer"))
    return "peer " + peer->shown() + traffic_of(node);
  if (auto last_exit = node.find("last_exit"))
    return "last exit: " + last_exit->shown();
  return {};
}

// What its state does not show.
std::string faults_of(answer_part node) {
  std::string result;
  auto add = [&](const std::string& fault) {
    result += (result.empty() ? "" : ", ") + fault;
  };
  auto suspended = node.find("suspended");
  if (suspended && suspended->flag())
    add("suspended");
  if (auto armed = node.find("armed"))
    for (auto& each : armed->elements())
      add(each.at("point").shown() + " is armed: " + each.at("term").shown());
  return result;
}

std::string remark(answer_part node) {
  auto what = describe_node(node);
  auto faults = faults_of(node);
  return what.empty() || faults.empty() ? faults + what : faults + "; " + what;
}

lab::tone tone_of(answer_part node) {
  auto state = node.at("state").shown();
  if (state == "starting" || state == "restarting")
    return lab::tone::decision;
  return state == "running" && faults_of(node).empty() ? lab::tone::plain
                                                       : lab::tone::bad;
}

void collect(answer_part node, const std::string& lead,
             const std::string& below, std::vector<row>& rows) {
  rows.push_back(
    {{lead + node.at("id").shown(), node.at("state").shown(),
      number(node, "restarts"), number(node, "connections"), remark(node)},
     tone_of(node)});
  auto children = node.at("children").elements();
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

std::string draw_tree(const nlohmann::json& root, lab::painter paint) {
  std::vector<row> rows{{{"ACTOR", "STATE", "RESTARTS", "CONNECTIONS", ""}}};
  collect(answer_part{root}, "", "", rows);
  if (std::all_of(rows.begin() + 1, rows.end(),
                  [](auto& r) { return r.cells[3].empty(); }))
    rows[0].cells[3].clear();
  std::array<std::size_t, 4> widths{};
  for (auto& r : rows)
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width(r.cells[i]));
  std::string result;
  for (auto& [cells, tone] : rows) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (widths[i] > 0)
        line += cells[i] + std::string(widths[i] - width(cells[i]) + 2, ' ');
    line += cells.back();
    line.erase(line.find_last_not_of(' ') + 1);
    result += paint(tone, line) + "\n";
  }
  return result;
}

} // namespace coppice::commands
