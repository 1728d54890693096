// SPDX-License-Identifier: BSD-3-Clause

#include "lab/engine_world.hpp"

namespace coppice::lab {

using namespace supervision;

namespace {

observe::node_state state_of(const engine::child& child) {
  switch (child.state) {
  case child_state::running:
    return observe::node_state::running;
  case child_state::restarting:
    return observe::node_state::restarting;
  case child_state::undefined:
    break;
  }
  return observe::node_state::stopped;
}

} // namespace

placed_child engine_world::place(const process& sup, child_key key,
                                 const engine::child& child) const {
  auto& part = *sup.sup;
  auto& slot = part.record.slots.at(key);
  return {slot.name, sup.name.id, &part.machine,
          &child,    slot.def,    part.machine.own_window(key)};
}

std::optional<placed_child>
engine_world::find_child(const std::string& id) const {
  for (auto& [_, sup] : processes_)
    if (sup.alive && sup.sup)
      for (auto& [key, child] : sup.sup->machine.children())
        if (sup.sup->record.slots.at(key).name == id)
          return place(sup, key, child);
  return {};
}

std::vector<placed_child>
engine_world::children_of(const std::string& id) const {
  std::vector<placed_child> result;
  auto who = find_supervisor(id);
  if (who == 0 || !processes_.at(who).alive)
    return result;
  auto& sup = processes_.at(who);
  for (auto& [key, child] : sup.sup->machine.children())
    result.push_back(place(sup, key, child));
  return result;
}

std::optional<observe::node_view> engine_world::look() const {
  auto top = find_supervisor(plan_->top.id);
  if (top == 0 || !processes_.at(top).alive)
    return {};
  return view_of(processes_.at(top), plan_->top.id);
}

observe::node_view engine_world::view_of(const process& sup,
                                         const std::string& path) const {
  auto& machine = sup.sup->machine;
  auto& settings = machine.settings();
  observe::node_view result{};
  result.id = sup.name.id;
  result.path = path;
  result.type = child_type::supervisor;
  result.state = sup.sup->record.up ? observe::node_state::running
                                    : observe::node_state::starting;
  result.incarnation = sup.name.n;
  result.supervisor
    = observe::supervisor_view{settings.strategy, settings.intensity,
                               settings.period, machine.window().used(now_)};
  for (auto& [key, child] : machine.children())
    result.children.push_back(view_of_child(sup, key, child, path));
  return result;
}

observe::node_view engine_world::view_of_child(const process& sup,
                                               child_key key,
                                               const engine::child& child,
                                               const std::string& path) const {
  auto& part = *sup.sup;
  auto& name = part.record.slots.at(key).name;
  auto below = path + "/" + name;
  auto who = part.processes.find(child.instance);
  auto* it
    = who == part.processes.end() ? nullptr : &processes_.at(who->second);
  observe::node_view result{};
  if (child.state == child_state::running && it != nullptr && it->sup) {
    result = view_of(*it, below);
  } else {
    result.id = name;
    result.path = below;
    result.type = child.spec().type;
    result.state = state_of(child);
    result.incarnation = it == nullptr ? 0 : it->name.n;
  }
  result.restart = child.spec().restart;
  result.last_exit = last_exit_of(sup.name.id, name);
  if (auto* own = part.machine.own_window(key))
    result.own_budget = own_budget_of(*own, now_);
  return result;
}

// Why the last process of that name ended, as its supervisor saw it.
std::string engine_world::last_exit_of(const std::string& sup,
                                       const std::string& id) const {
  auto& all = moments();
  for (auto i = all.rbegin(); i != all.rend(); ++i) {
    auto& what = i->what;
    if ((what.at("e") == "exit" || what.at("e") == "down")
        && what.value("sup", "") == sup && what.value("id", "") == id)
      return what.value("reason", "");
  }
  return {};
}

} // namespace coppice::lab
