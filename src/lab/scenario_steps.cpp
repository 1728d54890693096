// SPDX-License-Identifier: BSD-3-Clause

#include "lab/json_node.hpp"
#include "lab/term.hpp"
#include "lab/time_text.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

namespace coppice::lab {

using namespace supervision;

namespace {

constexpr std::array<std::pair<std::string_view, op>, 24> op_names{{
  {"start", op::start},
  {"exit", op::exit},
  {"kill", op::kill},
  {"unlink", op::unlink},
  {"exit_later", op::exit_later},
  {"start_child", op::start_child},
  {"terminate_child", op::terminate_child},
  {"restart_child", op::restart_child},
  {"delete_child", op::delete_child},
  {"get_childspec", op::get_childspec},
  {"which_children", op::which_children},
  {"which_child", op::which_child},
  {"count_children", op::count_children},
  {"child_signals_sup", op::child_signals_sup},
  {"probe_alive", op::probe_alive},
  {"parent_signal", op::parent_signal},
  {"parent_exit", op::parent_exit},
  {"exit_signal", op::exit_signal},
  {"stop", op::stop},
  {"info", op::info},
  {"cast", op::cast},
  {"rawcall", op::rawcall},
  {"sleep_ms", op::sleep_ms},
  {"advance_ms", op::advance_ms},
}};

op read_op(const json_node& node) {
  std::string expected;
  std::vector<std::string> names;
  for (auto& [name, value] : op_names) {
    if (node.json() == name)
      return value;
    expected += (expected.empty() ? "" : ", ") + std::string{name};
    names.emplace_back(name);
  }
  node.fail("one of " + expected, names);
  return {};
}

void read_target(const json_node& node, step& result) {
  if (node.has("pid_of")) {
    result.child = node.at("pid_of").word();
    result.by_pid = true;
  } else {
    result.child = node.at("child").word();
  }
  if (node.has("n"))
    result.n = static_cast<std::size_t>(node.at("n").integer(1));
}

void read_start_child(const json_node& node, step& result) {
  if (node.has("spec")) {
    result.spec
      = std::make_shared<const child_def>(read_child(node.at("spec")));
    result.child = result.spec->spec.id;
    return;
  }
  auto args = node.at("args");
  auto names = args.elements();
  if (names.size() == 1)
    result.child = names.front().word();
  else
    args.fail("an array of one name");
}

void read_reason_if_any(const json_node& node, step& result) {
  if (node.has("reason"))
    result.reason = read_reason(node.at("reason"));
}

void read_arguments(const json_node& node, step& result) {
  switch (result.what) {
  case op::start:
  case op::which_children:
  case op::count_children:
    return;
  case op::exit:
  case op::child_signals_sup:
    read_target(node, result);
    result.reason = read_reason(node.at("reason"));
    return;
  case op::exit_later:
    read_target(node, result);
    result.reason = read_reason(node.at("reason"));
    result.time = node.at("after_ms").millis();
    return;
  case op::kill:
  case op::unlink:
  case op::terminate_child:
  case op::restart_child:
  case op::delete_child:
  case op::get_childspec:
  case op::which_child:
  case op::probe_alive:
    read_target(node, result);
    return;
  case op::start_child:
    read_start_child(node, result);
    return;
  case op::parent_signal:
  case op::parent_exit:
  case op::exit_signal:
    result.reason = read_reason(node.at("reason"));
    return;
  case op::stop:
    read_reason_if_any(node, result);
    return;
  case op::info:
  case op::cast:
  case op::rawcall:
    result.msg = term(node.at("msg").json());
    return;
  case op::sleep_ms:
  case op::advance_ms:
    result.time = node.at("ms").millis();
    return;
  }
}

bool has_reason(op what) {
  constexpr std::array with{
    op::exit,        op::exit_later, op::parent_signal,    op::parent_exit,
    op::exit_signal, op::stop,       op::child_signals_sup};
  return std::find(with.begin(), with.end(), what) != with.end();
}

// Of an operation; its own name, if that has all the words.
std::string name_in_words(op what) {
  switch (what) {
  case op::exit_later:
    return "exit";
  case op::child_signals_sup:
    return "exit signal from";
  case op::probe_alive:
    return "look for";
  case op::parent_signal:
    return "exit signal from the parent";
  case op::parent_exit:
    return "end of the parent";
  case op::exit_signal:
    return "exit signal from a stranger";
  case op::info:
    return "message";
  case op::rawcall:
    return "call";
  case op::sleep_ms:
  case op::advance_ms:
    return "wait";
  default:
    return std::string{to_string(what)};
  }
}

std::string about_child(const step& what) {
  auto name
    = what.n == 0 ? what.child : what.child + "#" + std::to_string(what.n);
  return what.by_pid ? "the process of " + name : name;
}

} // namespace

std::string_view to_string(op value) {
  for (auto& [name, known] : op_names)
    if (known == value)
      return name;
  return {};
}

exit_reason read_reason(const json_node& node) {
  if (!node.json().is_string() && !node.json().is_array()) {
    node.fail("a word or [\"shutdown\", word]");
    return exit_reason::normal();
  }
  return exit_reason::parse(term(node.json()));
}

step read_step(const json_node& node) {
  step result;
  result.what = read_op(node.at("op"));
  node.allow_only({"op", "sup", "child", "pid_of", "n", "reason", "after_ms",
                   "spec", "args", "msg", "ms"});
  if (node.has("sup"))
    result.sup = node.at("sup").word();
  read_arguments(node, result);
  return result;
}

std::vector<step> read_steps(const json_node& node) {
  std::vector<step> result;
  for (auto& element : node.elements())
    result.push_back(read_step(element));
  return result;
}

std::string describe(const step& what) {
  auto text = name_in_words(what.what);
  if (!what.child.empty())
    text += " " + about_child(what);
  if (has_reason(what.what))
    text += " with reason " + to_string(what.reason);
  if (!what.msg.empty())
    text += " " + what.msg;
  if (what.time.count() > 0)
    text
      += (what.what == op::exit_later ? " after " : " ") + time_text(what.time);
  return what.sup.empty() ? text : text + " (on " + what.sup + ")";
}

addressee addressee_of(op value) {
  switch (value) {
  case op::start:
    return addressee::parent;
  case op::start_child:
  case op::terminate_child:
  case op::restart_child:
  case op::delete_child:
  case op::get_childspec:
  case op::which_children:
  case op::which_child:
  case op::count_children:
  case op::stop:
  case op::rawcall:
    return addressee::service;
  case op::exit:
  case op::exit_later:
  case op::kill:
  case op::probe_alive:
    return addressee::child;
  case op::parent_signal:
  case op::parent_exit:
  case op::exit_signal:
  case op::info:
  case op::cast:
    return addressee::supervisor;
  // A coppice child can neither unlink itself nor fake its own exit.
  case op::unlink:
  case op::child_signals_sup:
  case op::sleep_ms:
  case op::advance_ms:
    return addressee::nobody;
  }
  return addressee::nobody;
}

} // namespace coppice::lab
