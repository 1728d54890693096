// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/aim.hpp"

#include "fault/names.hpp"
#include "observe/path.hpp"

#include <algorithm>
#include <chrono>

namespace coppice::nemesis {

using std::chrono::milliseconds;

namespace {

void collect(const observe::node_view& node, std::vector<target>& into) {
  target actor{.path = node.path,
               .worker = node.type == supervision::child_type::worker,
               .running = node.state == observe::node_state::running,
               .incarnation = node.incarnation};
  if (node.supervisor) {
    actor.intensity = node.supervisor->intensity;
    actor.period = node.supervisor->period;
    actor.budget_used = static_cast<std::int64_t>(node.supervisor->budget_used);
  }
  actor.own = node.own_budget;
  into.push_back(std::move(actor));
  for (auto& child : node.children)
    collect(child, into);
}

// All targets that fit a moment, in the order of the tree.
std::vector<const target*> candidates(const moment& what,
                                      const std::vector<target>& all) {
  std::vector<const target*> result;
  auto random = what.what.fault == fault_kind::kill_random;
  for (auto& each : all) {
    if (!each.running || (random && !each.worker))
      continue;
    auto path = each.path;
    auto hit = fault::matches(what.what.target, path);
    while (random && !hit && !path.empty()) {
      path = std::string{observe::parent_of(path)};
      hit = fault::matches(what.what.target, path);
    }
    if (hit)
      result.push_back(&each);
  }
  return result;
}

} // namespace

std::vector<target> actors_of(const observe::node_view& root) {
  std::vector<target> result;
  collect(root, result);
  return result;
}

std::string point_of(const moment& what, const std::string& path) {
  if (what.what.fault == fault_kind::fail_starts)
    return "actor.start:" + path;
  if (what.what.fault == fault_kind::refuse_stop)
    return "actor.stop:" + path;
  return what.what.target;
}

expected<std::string, no_target> aim::pick(const moment& what,
                                           const std::vector<target>& actors,
                                           milliseconds now) {
  auto found = candidates(what, actors);
  if (found.empty())
    return unexpected{
      no_target{"there is no running actor at " + what.what.target}};
  auto number
    = what.what.fault == fault_kind::kill_random ? what.chance : what.turn;
  auto& victim = *found[number % found.size()];
  auto parent
    = std::ranges::find(actors, observe::parent_of(victim.path), &target::path);
  auto left = true;
  if (auto& own = victim.own)
    left
      = has_budget(victim.path, own->period,
                   static_cast<std::int64_t>(own->used), own->intensity, now);
  else if (parent != actors.end())
    left = has_budget(parent->path, parent->period, parent->budget_used,
                      parent->intensity, now);
  if (what.what.within_budget && !left)
    return unexpected{no_target{"no restart is left for " + victim.path, true}};
  if (what.what.fault == fault_kind::kill
      || what.what.fault == fault_kind::kill_random)
    kills_[victim.own ? victim.path
                      : std::string{observe::parent_of(victim.path)}]
      .push_back(now);
  return victim.path;
}

bool aim::has_budget(const std::string& payer, milliseconds period,
                     std::int64_t used, std::int64_t intensity,
                     milliseconds now) const {
  std::int64_t known = 0;
  if (auto i = kills_.find(payer); i != kills_.end())
    known = std::ranges::count_if(
      i->second, [&](auto when) { return now - when <= period; });
  return std::max(known, used) < intensity;
}

} // namespace coppice::nemesis
