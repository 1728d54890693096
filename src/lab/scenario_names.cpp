// SPDX-License-Identifier: BSD-3-Clause

#include "lab/scenario_names.hpp"

#include "fault/names.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace coppice::lab {

namespace {

void collect_names(const std::vector<step>& from, std::set<std::string>& into);

void collect_names(const supervisor_def& from, std::set<std::string>& into);

void collect_names(const child_def& from, std::set<std::string>& into) {
  into.insert(from.spec.id);
  for (auto& start : from.starts)
    collect_names(start.during, into);
  if (from.nested)
    collect_names(*from.nested, into);
}

void collect_names(const supervisor_def& from, std::set<std::string>& into) {
  into.insert(from.id);
  for (auto& child : from.children)
    collect_names(child, into);
}

void collect_names(const std::vector<step>& from, std::set<std::string>& into) {
  for (auto& each : from) {
    if (each.what == op::start_child)
      into.insert(each.child);
    if (each.spec)
      collect_names(*each.spec, into);
  }
}

std::set<std::string> names_in(const scenario& plan) {
  std::set<std::string> result;
  collect_names(plan.top, result);
  collect_names(plan.steps, result);
  return result;
}

std::string without_digits(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

// `; did you mean web?` of a name that there is not, or nothing: a step may
// name nobody on purpose, and names with other numbers are other names.
std::string misspelt(const std::string& name,
                     const std::set<std::string>& known) {
  if (known.contains(name) || name.size() < 2)
    return {};
  std::vector<std::string> others;
  for (auto& each : known)
    if (each.size() >= 2 && without_digits(each) != without_digits(name))
      others.push_back(each);
  return fault::did_you_mean(name, others);
}

bool is_done_by_a_child(op what) {
  return what == op::exit || what == op::exit_later || what == op::kill
         || what == op::unlink || what == op::child_signals_sup;
}

// Looks at the steps of a scenario, and at those while a child starts.
class name_check {
public:
  explicit name_check(const scenario& plan) : known_(names_in(plan)) {
    // nop
  }

  void check_whole(const scenario& plan, const json_node& node) const {
    check_children(node.at("supervisor").at("children"));
    check_steps(node.at("steps"));
    auto started = false;
    auto steps = node.at("steps").elements();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      started = started || plan.steps[i].what == op::start;
      if (is_done_by_a_child(plan.steps[i].what))
        check_deed(plan.steps[i], steps[i], started);
    }
  }

private:
  void check_steps(const json_node& steps) const {
    for (auto& step : steps.elements()) {
      for (auto* key : {"child", "pid_of", "sup"})
        if (step.has(key))
          check(step.at(key));
      if (step.has("spec"))
        check_child(step.at("spec"));
    }
  }

  void check_children(const json_node& children) const {
    for (auto& child : children.elements())
      check_child(child);
  }

  // What a child does itself.
  void check_deed(const step& what, const json_node& node, bool started) const {
    if (!known_.contains(what.child))
      node.at(node.has("pid_of") ? "pid_of" : "child")
        .fail_found("there is no child or supervisor \"" + what.child + "\"");
    else if (!started)
      node.at("op").fail_found("nobody runs before the step start");
  }

  void check(const json_node& name) const {
    auto text = name.word();
    if (auto meant = misspelt(text, known_); !meant.empty())
      name.fail_found("there is no child or supervisor \"" + text + "\""
                      + meant);
  }

  void check_child(const json_node& child) const {
    if (child.has("starts"))
      for (auto& start : child.at("starts").elements())
        check_start(start);
    if (child.has("children"))
      check_children(child.at("children"));
  }

  void check_start(const json_node& start) const {
    if (!start.has("during"))
      return;
    check_steps(start.at("during"));
    check_start(start.at("then"));
  }

  std::set<std::string> known_;
};

} // namespace

void check_names(const scenario& plan, const json_node& node) {
  name_check{plan}.check_whole(plan, node);
}

} // namespace coppice::lab
