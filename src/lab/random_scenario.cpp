// SPDX-License-Identifier: BSD-3-Clause

#include "lab/random_scenario.hpp"
#include "lab/chooser.hpp"

#include <string>

namespace coppice::lab {

namespace {

using nlohmann::json;

class generator : chooser {
public:
  generator(std::uint64_t seed, int release)
      : chooser(seed), seed_(seed), release_(release) {
    // nop
  }

  json scenario() {
    auto top = supervisor("top", 0);
    json steps = {{{"op", "start"}}};
    for (auto count = 3 + below(9); count > 0; --count)
      add_step(steps);
    return {{"name", "random_" + std::to_string(seed_)},
            {"supervisor", top},
            {"steps", steps}};
  }

private:
  // What the steps have to know of a supervisor.
  struct tree {
    std::string id;
    bool dynamic;
    std::vector<std::string> children;
    std::vector<std::string> nested;
  };

  // -- trees ------------------------------------------------------------------

  json supervisor(const std::string& id, int depth) {
    auto strategy = any_of<std::string>(
      {"one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one"});
    auto dynamic = strategy == "simple_one_for_one";
    json flags
      = {{"strategy", strategy}, {"intensity", below(6)}, {"period", 60}};
    if (!dynamic && chance(30))
      flags["auto_shutdown"]
        = any_of<std::string>({"any_significant", "all_significant"});
    auto here = trees_.size();
    trees_.push_back({id, dynamic, {}, {}});
    auto children = json::array();
    auto count = dynamic ? 1 : 1 + below(4);
    for (auto i = 0u; i < count; ++i)
      children.push_back(child(here, flags, depth));
    json result = {{"id", id}, {"flags", flags}, {"children", children}};
    if (depth > 0 && chance(3))
      result["init_returns"] = "ignore";
    return result;
  }

  json child(std::size_t here, const json& flags, int depth) {
    auto dynamic = trees_[here].dynamic;
    json result;
    if (!dynamic && depth < 1 && chance(30)) {
      auto id = "s" + std::to_string(++last_);
      result = supervisor(id, depth + 1);
      trees_[here].nested.push_back(id);
      if (chance(15))
        result["shutdown"] = "brutal_kill";
      if (chance(15))
        result["starts"] = {"ok", {{"error", "nope"}}, "ok"};
    } else {
      auto id = std::string{dynamic ? "w" : "c"} + std::to_string(++last_);
      result = {{"id", id}};
      if (!dynamic)
        trees_[here].children.push_back(id);
      decorate(result, dynamic);
      result["starts"] = starts(trees_[here]);
    }
    choose_restart(result, flags);
    return result;
  }

  void choose_restart(json& result, const json& flags) {
    auto type = any_of<std::string>(
      {"permanent", "permanent", "transient", "temporary"});
    result["restart"] = type;
    if (flags.contains("auto_shutdown") && type != "permanent" && chance(50))
      result["significant"] = true;
  }

  json starts(const tree& where) {
    auto result = json::array();
    result.push_back(chance(92) ? json("ok") : outcome(where));
    for (auto count = below(4); count > 0; --count)
      result.push_back(outcome(where));
    // The last one repeats: with steps of its own it could go on for ever.
    result.push_back(chance(60) ? json("ok")
                                : plain_outcome(may_ignore(where)));
    return result;
  }

  // OTP 25 keeps a dynamic child whose restart is ignored (V6).
  bool may_ignore(const tree& where) const {
    return !where.dynamic || release_ >= 27;
  }

  // A nested supervisor that still has something to do works beside the one
  // above it, and chance decides which is first.
  json outcome(const tree& where) {
    if (&where == &trees_.front() && chance(25))
      return {{"during", during(where)},
              {"then", plain_outcome(may_ignore(where))}};
    return plain_outcome(may_ignore(where));
  }

  // Only about the supervisor whose start function runs: all else would go on
  // at the same time.
  json during(const tree& where) {
    auto result = json::array();
    for (auto count = 1 + below(3); count > 0; --count) {
      auto step = chance(50) ? request(where, true) : blow(where);
      step["sup"] = where.id;
      result.push_back(step);
    }
    return result;
  }

  // -- steps ------------------------------------------------------------------

  void add_step(json& steps) {
    auto& where = trees_[below(trees_.size())];
    json step;
    switch (below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      step = request(where, false);
      step["sup"] = where.id;
      break;
    case 4:
      step = {{"op", "which_children"}, {"sup", where.id}};
      break;
    case 5:
      later(where, steps);
      return;
    case 6:
      step = rare(where);
      break;
    default:
      step = blow(where);
    }
    steps.push_back(step);
  }

  void later(const tree& where, json& steps) {
    if (!where.children.empty())
      steps.push_back({{"op", "exit_later"},
                       {"child", any_name(where.children)},
                       {"reason", reason()},
                       {"after_ms", 15}});
    steps.push_back({{"op", "sleep_ms"}, {"ms", 40}});
  }

  json rare(const tree& where) {
    switch (below(10)) {
    case 0:
      return {{"op", "parent_signal"}, {"reason", reason()}};
    case 1:
      return {{"op", "parent_exit"}, {"reason", "shutdown"}};
    case 2:
      return {{"op", "stop"}, {"reason", "normal"}, {"sup", where.id}};
    case 3:
      return {{"op", "stop"}, {"reason", reason()}, {"sup", where.id}};
    case 4:
    case 5:
      return {{"op", "exit_signal"}, {"reason", "boom"}, {"sup", where.id}};
    case 6:
      return {{"op", "exit_signal"}, {"reason", reason()}};
    case 7:
      return {{"op", "probe_alive"}, {"child", any_name(where.children)}};
    default:
      return where.nested.empty()
               ? json{{"op", "count_children"}, {"sup", where.id}}
               : json{{"op", "kill"}, {"child", any_name(where.nested)}};
    }
  }

  json blow(const tree& where) {
    if (where.children.empty())
      return {{"op", "which_children"}, {"sup", where.id}};
    if (chance(20))
      return {{"op", "kill"}, {"child", any_name(where.children)}};
    return {{"op", "exit"},
            {"child", any_name(where.children)},
            {"reason", reason()}};
  }

  json request(const tree& where, bool during) {
    auto child = any_name(where.children);
    if (where.dynamic)
      return dynamic_request(where, child, during);
    if (!where.nested.empty() && chance(20))
      child = any_name(where.nested);
    if (release_ >= 28 && chance(10))
      return {{"op", "which_child"}, {"child", child}};
    switch (below(10)) {
    case 0:
    case 1:
      return {{"op", "terminate_child"}, {"child", child}};
    case 2:
    case 3:
      return {{"op", "restart_child"}, {"child", child}};
    case 4:
      return {{"op", "delete_child"}, {"child", child}};
    case 5:
      return {{"op", "count_children"}};
    case 6:
      return {{"op", "terminate_child"}, {"pid_of", child}};
    case 7:
      return {{"op", "get_childspec"}, {"child", child}};
    default:
      return during ? json{{"op", "which_children"}} : start_child(where);
    }
  }

  json start_child(const tree& where) {
    if (chance(30) && !where.children.empty())
      return {{"op", "start_child"},
              {"spec", {{"id", any_name(where.children)}}}};
    json spec
      = {{"id", "n" + std::to_string(++last_)},
         {"restart",
          any_of<std::string>({"permanent", "transient", "temporary"})}};
    decorate(spec, false);
    spec["starts"] = starts(where);
    return {{"op", "start_child"}, {"spec", spec}};
  }

  // OTP counts wrong after a restarting child is terminated, and which_child
  // does not find one (V10).
  json dynamic_request(const tree& where, const std::string& child,
                       bool during) {
    if (release_ >= 28 && !during && chance(10))
      return {{"op", "which_child"}, {"pid_of", child}};
    switch (below(during ? 2 : 8)) {
    case 0:
      return {{"op", "which_children"}};
    case 1:
      return {{"op", "count_children"}};
    case 2:
      return {{"op", "terminate_child"}, {"pid_of", child}};
    case 3:
      return {{"op", "get_childspec"}, {"pid_of", child}};
    case 4:
      return {{"op", "terminate_child"}, {"child", child}};
    default: {
      auto name = "x" + std::to_string(++last_);
      for (auto& t : trees_)
        if (t.id == where.id)
          t.children.push_back(name);
      return {{"op", "start_child"}, {"args", json::array({name})}};
    }
    }
  }

  std::uint64_t seed_;
  int release_;
  std::vector<tree> trees_;
  unsigned last_ = 0;
};

} // namespace

json random_scenario(std::uint64_t seed, int release) {
  return generator{seed, release}.scenario();
}

} // namespace coppice::lab
