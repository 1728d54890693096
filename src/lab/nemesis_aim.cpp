#include "coppice/lab/nemesis_aim.hpp"
#include "coppice/observe/path.hpp"

#include <algorithm>
#include <chrono>

namespace coppice::lab {

using std::chrono::milliseconds;

namespace {

void collect(const observe::node_view& node, std::vector<nemesis_actor>& into) {
  nemesis_actor actor{.path = node.path,
                      .worker = node.type == supervision::child_type::worker,
                      .running = node.state == observe::node_state::running,
                      .incarnation = node.incarnation};
  if (node.supervisor) {
    actor.intensity = node.supervisor->intensity;
    actor.period = node.supervisor->period;
    actor.budget_used = static_cast<std::int64_t>(node.supervisor->budget_used);
  }
  into.push_back(std::move(actor));
  for (auto& child : node.children)
    collect(child, into);
}

// All that a moment may mean, in the tree's order.
std::vector<const nemesis_actor*>
candidates(const nemesis_moment& what, const std::vector<nemesis_actor>& all) {
  std::vector<const nemesis_actor*> result;
  auto random = what.what.fault == nemesis_fault::kill_random;
  for (auto& each : all) {
    if (!each.running || (random && !each.worker))
      continue;
    auto path = each.path;
    auto hit = matches(what.what.target, path);
    while (random && !hit && !path.empty()) {
      path = std::string{observe::parent_of(path)};
      hit = matches(what.what.target, path);
    }
    if (hit)
      result.push_back(&each);
  }
  return result;
}

} // namespace

bool matches(std::string_view pattern, std::string_view text) {
  auto star = pattern.find('*');
  if (star == pattern.npos)
    return pattern == text;
  if (!text.starts_with(pattern.substr(0, star)))
    return false;
  auto rest = pattern.substr(star + 1);
  for (auto at = star; at <= text.size(); ++at)
    if (matches(rest, text.substr(at)))
      return true;
  return false;
}

std::vector<nemesis_actor> nemesis_actors(const observe::node_view& root) {
  std::vector<nemesis_actor> result;
  collect(root, result);
  return result;
}

nemesis_aim::result nemesis_aim::pick(const nemesis_moment& what,
                                      const std::vector<nemesis_actor>& actors,
                                      milliseconds now) {
  auto found = candidates(what, actors);
  if (found.empty())
    return {{}, "there is no running actor at " + what.what.target};
  auto number
    = what.what.fault == nemesis_fault::kill_random ? what.chance : what.turn;
  auto& victim = *found[number % found.size()];
  auto parent = std::ranges::find(actors, observe::parent_of(victim.path),
                                  &nemesis_actor::path);
  if (what.what.within_budget && parent != actors.end()
      && !has_budget(*parent, now))
    return {{}, "no restart is left for " + victim.path, true};
  if (what.what.fault == nemesis_fault::kill
      || what.what.fault == nemesis_fault::kill_random)
    kills_[std::string{observe::parent_of(victim.path)}].push_back(now);
  return {victim.path};
}

bool nemesis_aim::has_budget(const nemesis_actor& supervisor,
                             milliseconds now) const {
  std::int64_t own = 0;
  if (auto i = kills_.find(supervisor.path); i != kills_.end())
    own = std::ranges::count_if(
      i->second, [&](auto when) { return now - when <= supervisor.period; });
  return std::max(own, supervisor.budget_used) < supervisor.intensity;
}

} // namespace coppice::lab
