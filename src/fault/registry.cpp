// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/registry.hpp"
#include "fault/names.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <utility>

namespace coppice::fault {

namespace {

// They are kept for their counts, and looked through at each hit.
constexpr std::size_t most_patterns = 1000;

std::uint64_t random_seed() {
  std::random_device source;
  auto high = static_cast<std::uint64_t>(source());
  return high << 32 | source();
}

} // namespace

std::string to_string(const arm_error& error) {
  if (error.why == arm_error::code::not_allowed)
    return error.pattern + ": this process must not be aborted";
  if (error.why == arm_error::code::too_many)
    return error.pattern + ": points have been armed for too many patterns";
  if (error.why == arm_error::code::not_known) {
    auto result = error.pattern + " cannot "
                  + std::string{to_string(error.action)} + "; it knows";
    for (auto each : all_actions())
      if (!first_unknown({{{.what = {.kind = each}}}}, error.actions))
        result += " " + std::string{to_string(each)};
    return result;
  }
  auto result = "no fault point is named " + error.pattern;
  for (auto& name : error.near)
    result += (&name == &error.near.front() ? "; near: " : ", ") + name;
  return result;
}

registry::registry() : registry(settings{}) {
  // nop
}

registry::registry(settings config)
    : allow_abort_(config.allow_abort),
      on_fire_(std::move(config.on_fire)),
      seed_(config.seed ? *config.seed : random_seed()) {
  // nop
}

site& registry::declare(std::string_view name, std::string_view description,
                        action_set actions, place where) {
  if (name.empty() || !std::ranges::all_of(name, is_name_character))
    throw std::invalid_argument{"\"" + std::string{name}
                                + "\" cannot name a fault point"};
  std::lock_guard guard{mutex_};
  return add(name, description, actions, where);
}

path_site& registry::declare_for_paths(std::string_view name,
                                       std::string_view description,
                                       action_set actions, place where) {
  auto& all = declare(name, description, actions, where);
  std::lock_guard guard{mutex_};
  auto& result = path_sites_.try_emplace(std::string{name}, all).first->second;
  for (auto& each : rules_)
    if (each.pattern.starts_with(std::string{name} + ":")
        && prepare(each.pattern, each.what))
      arm_matching(each.pattern, each.what);
  return result;
}

site& registry::add(std::string_view name, std::string_view description,
                    action_set actions, place where) {
  auto [at, is_new]
    = sites_.try_emplace(std::string{name}, std::string{name},
                         std::string{description}, actions, where, on_fire_);
  auto& result = at->second;
  auto last = std::find_if(rules_.rbegin(), rules_.rend(), [&](auto& each) {
    return matches(each.pattern, name);
  });
  if (is_new && last != rules_.rend() && !first_unknown(last->what, actions))
    result.arm(last->what, seed_);
  return result;
}

std::uint64_t registry::seed() const {
  std::lock_guard guard{mutex_};
  return seed_;
}

void registry::reseed(std::uint64_t seed) {
  std::lock_guard guard{mutex_};
  seed_ = seed;
  for (auto& [name, each] : sites_)
    each.forget_armings();
}

expected<std::vector<std::string>, arm_error>
registry::arm(std::string_view pattern, const term& what) {
  std::lock_guard guard{mutex_};
  if (auto prepared = prepare(pattern, what); !prepared)
    return unexpected{std::move(prepared.error())};
  auto names = arm_matching(pattern, what);
  if (names.empty())
    return unexpected{unknown(pattern)};
  return names;
}

expected<void, arm_error> registry::arm(const plan& rules) {
  std::lock_guard guard{mutex_};
  for (auto& each : rules)
    if (auto prepared = prepare(each.pattern, each.what); !prepared)
      return prepared;
  for (auto& each : rules) {
    rules_.push_back(each);
    arm_matching(each.pattern, each.what);
  }
  return {};
}

// Looks whether all that match can do it, and makes a site for a new pattern of
// paths.
expected<void, arm_error> registry::prepare(std::string_view pattern,
                                            const term& what) {
  if (!allow_abort_ && uses(what, action_kind::abort))
    return unexpected{
      arm_error{arm_error::code::not_allowed, std::string{pattern}}};
  if (auto able = check_able(matching(pattern), what); !able)
    return able;
  return make_site_for(pattern, what);
}

std::vector<std::string> registry::arm_matching(std::string_view pattern,
                                                const term& what) {
  std::vector<std::string> result;
  for (auto& [name, each] : sites_)
    if (matches(pattern, name)) {
      each.arm(what, seed_);
      result.push_back(name);
    }
  for (auto& [name, each] : path_sites_)
    each.look_who_is_armed();
  return result;
}

// Whether all `points` can do what is asked.
expected<void, arm_error> registry::check_able(const std::vector<site*>& points,
                                               const term& what) {
  for (auto* each : points)
    if (auto action = first_unknown(what, each->actions()))
      return unexpected{arm_error{arm_error::code::not_known,
                                  each->info().name,
                                  {},
                                  *action,
                                  each->actions()}};
  return {};
}

std::vector<arm_error> registry::unmet() const {
  std::lock_guard guard{mutex_};
  std::vector<arm_error> result;
  for (auto& each : rules_)
    if (std::ranges::none_of(sites_, [&](auto& entry) {
          return matches(each.pattern, entry.first);
        }))
      result.push_back(unknown(each.pattern));
  return result;
}

std::size_t registry::disarm(std::string_view pattern) {
  return disarm_if([pattern](auto& name) { return matches(pattern, name); });
}

std::size_t registry::disarm_one(std::string_view name) {
  return disarm_if([name](auto& each) { return each == name; });
}

template <class Means>
std::size_t registry::disarm_if(Means means) {
  std::lock_guard guard{mutex_};
  std::erase_if(rules_, [&](auto& each) { return means(each.pattern); });
  std::size_t result = 0;
  for (auto& [name, each] : sites_)
    result += means(name) && each.disarm() ? 1 : 0;
  for (auto& [name, each] : path_sites_)
    each.look_who_is_armed();
  return result;
}

std::vector<point_info> registry::list() const {
  std::lock_guard guard{mutex_};
  std::vector<point_info> result;
  for (auto& [name, each] : sites_)
    result.push_back(each.info());
  return result;
}

std::uint64_t registry::fires(std::string_view pattern) const {
  std::uint64_t result = 0;
  for (auto& each : list())
    if (matches(pattern, each.name))
      result += each.fires;
  return result;
}

std::vector<site*> registry::matching(std::string_view pattern) {
  std::vector<site*> result;
  for (auto& [name, each] : sites_)
    if (matches(pattern, name))
      result.push_back(&each);
  return result;
}

// Whose points NAME:PATTERN stands for; null if it stands for none.
path_site* registry::owner_of(std::string_view pattern) {
  auto colon = pattern.find(':');
  auto owner = path_sites_.find(pattern.substr(0, colon));
  auto is_pattern = [](char c) { return is_name_character(c) || c == '*'; };
  return colon == std::string_view::npos || owner == path_sites_.end()
             || !std::ranges::all_of(pattern, is_pattern)
           ? nullptr
           : &owner->second;
}

expected<void, arm_error> registry::make_site_for(std::string_view pattern,
                                                  const term& what) {
  auto* owner = owner_of(pattern);
  if (owner == nullptr || sites_.contains(pattern))
    return {};
  auto all = owner->all().info();
  if (auto action = first_unknown(what, all.actions))
    return unexpected{arm_error{
      arm_error::code::not_known, all.name, {}, *action, all.actions}};
  if (patterns_ == most_patterns)
    return unexpected{
      arm_error{arm_error::code::too_many, std::string{pattern}}};
  ++patterns_;
  auto& made = sites_
                 .try_emplace(std::string{pattern}, std::string{pattern},
                              all.description, all.actions,
                              owner->all().where(), on_fire_)
                 .first->second;
  owner->add(std::string{pattern.substr(pattern.find(':') + 1)}, made);
  return {};
}

arm_error registry::unknown(std::string_view pattern) const {
  std::vector<std::string> names;
  for (auto& [name, each] : sites_)
    names.push_back(name);
  return {arm_error::code::unknown_point, std::string{pattern},
          names_near(pattern, names)};
}

} // namespace coppice::fault
