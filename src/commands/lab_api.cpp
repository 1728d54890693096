// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_api.hpp"

#include "commands/lab_files.hpp"

#include "admin/responses.hpp"
#include "admin/tree_json.hpp"
#include "lab/examples.hpp"
#include "lab/rules.hpp"
#include "lab/stepper.hpp"
#include "lab/story.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::commands {

namespace {

using nlohmann::json;
using query_map = std::map<std::string, std::string>;

constexpr int most_restarts = 20;
constexpr std::array<std::string_view, 3> strategies{
  "one_for_one", "one_for_all", "rest_for_one"};

std::optional<std::string> value_at(const query_map& query, const char* key) {
  auto i = query.find(key);
  return i == query.end() ? std::nullopt : std::optional{i->second};
}

// -- changing an example ------------------------------------------------------

bool is_supervisor(const json& node) {
  return node.contains("children");
}

// The supervisor `id` in or below `node`; null if there is none.
json* find_supervisor(json& node, const std::string& id) {
  if (!is_supervisor(node))
    return nullptr;
  if (node["id"] == id)
    return &node;
  for (auto& child : node["children"])
    if (auto* found = find_supervisor(child, id))
      return found;
  return nullptr;
}

// Puts into `flags` what `query` says. The mistake in it, if there is one.
std::optional<std::string> change(json& flags, const query_map& query) {
  if (auto strategy = value_at(query, "strategy")) {
    if (std::ranges::find(strategies, *strategy) == strategies.end())
      return "strategy is one_for_one, one_for_all or rest_for_one";
    if (flags.contains("strategy") && flags["strategy"] == "simple_one_for_one")
      return "children of one template have no other strategy";
    flags["strategy"] = *strategy;
  }
  if (auto intensity = value_at(query, "intensity")) {
    auto* end = intensity->data() + intensity->size();
    int number = -1;
    auto [read, error] = std::from_chars(intensity->data(), end, number);
    if (error != std::errc{} || read != end || number < 0
        || number > most_restarts)
      return "intensity is a number from 0 to " + std::to_string(most_restarts);
    flags["intensity"] = number;
  }
  return {};
}

expected<lab::scenario, std::string> changed(const lab::example& from,
                                             const query_map& query) {
  auto plan = json::parse(from.text, nullptr, true, true);
  auto& top = plan["supervisor"];
  auto named = value_at(query, "supervisor");
  auto* supervisor = named ? find_supervisor(top, *named) : &top;
  if (supervisor == nullptr)
    return unexpected{"there is no supervisor \"" + *named + "\" in "
                      + from.name};
  if (auto mistake = change((*supervisor)["flags"], query))
    return unexpected{*mistake};
  auto result = lab::read_scenario(plan, from.name);
  if (!result)
    return unexpected{to_string(result.error())};
  return *std::move(result);
}

// -- what is answered ---------------------------------------------------------

void add_supervisors(const lab::supervisor_def& it, json& to) {
  to.push_back({{"id", it.id},
                {"strategy", to_string(it.flags.strategy)},
                {"intensity", it.flags.intensity},
                {"period_seconds", it.flags.period.count()}});
  for (auto& child : it.children)
    if (child.nested)
      add_supervisors(*child.nested, to);
}

void add_ids(const observe::node_view& node, json& to) {
  for (auto& child : node.children) {
    to.push_back(child.id);
    add_ids(child, to);
  }
}

json lines_of(const lab::stepper& played) {
  json result = json::array();
  for (auto& [at, tone, text] : told(played.world().moments(), played.played()))
    result.push_back(
      {{"at_ms", at.count()}, {"tone", to_string(tone)}, {"text", text}});
  return result;
}

// Plays the next step.
json step_of(lab::stepper& stepper) {
  auto& next = stepper.next();
  auto [rules, question] = riddle_of(stepper.world(), next);
  json choices = json::array();
  if (auto before = stepper.tree(); before && asks_for_children(next))
    add_ids(*before, choices);
  json result{{"step", describe(next)},
              {"rules", std::move(rules)},
              {"question", std::move(question)},
              {"choices", std::move(choices)}};
  stepper.forward();
  json started = json::array();
  for (auto& each : stepper.started_again())
    started.push_back(each.id);
  result["told"] = lines_of(stepper);
  result["started_again"] = std::move(started);
  result["to_be_named"] = stepper.to_be_named();
  if (auto tree = stepper.tree())
    result["tree"] = admin::to_json(*tree);
  return result;
}

admin::response list() {
  json all = json::array();
  for (auto& each : lab::examples())
    all.push_back({{"name", each.name}, {"about", each.about}});
  return admin::success({{"scenarios", std::move(all)}});
}

} // namespace

admin::response laboratory(const std::string& name, const query_map& query) {
  if (name.empty())
    return list();
  auto* known = lab::find_example(name);
  if (known == nullptr)
    return admin::failure(404, "there is no example \"" + name + "\""
                                 + example_meant_by(name));
  auto plan = changed(*known, query);
  if (!plan)
    return admin::failure(400, plan.error());
  json supervisors = json::array();
  add_supervisors(plan->top, supervisors);
  lab::stepper stepper{*std::move(plan)};
  json steps = json::array();
  while (!stepper.at_end())
    steps.push_back(step_of(stepper));
  return admin::success({{"name", known->name},
                         {"about", known->about},
                         {"supervisors", std::move(supervisors)},
                         {"steps", std::move(steps)},
                         {"ending", stepper.ending()}});
}

} // namespace coppice::commands
