#include "coppice/fault/registry.hpp"
#include "names.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <utility>

namespace coppice::fault {

namespace {

std::uint64_t random_seed() {
  std::random_device source;
  auto high = static_cast<std::uint64_t>(source());
  return high << 32 | source();
}

} // namespace

std::string to_string(const arm_error& error) {
  if (error.why == arm_error::code::not_allowed)
    return error.pattern + ": this process must not be aborted";
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
                        std::source_location where) {
  if (name.empty() || !std::ranges::all_of(name, is_name_character))
    throw std::invalid_argument{"\"" + std::string{name}
                                + "\" cannot name a fault point"};
  std::lock_guard guard{mutex_};
  auto [at, is_new]
    = sites_.try_emplace(std::string{name}, std::string{name},
                         std::string{description}, where, on_fire_);
  auto& result = at->second;
  auto last = std::find_if(rules_.rbegin(), rules_.rend(), [&](auto& each) {
    return matches(each.pattern, name);
  });
  if (is_new && last != rules_.rend())
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

std::optional<arm_error> registry::arm(std::string_view pattern,
                                       const term& what) {
  if (!allow_abort_ && uses(what, action_kind::abort))
    return arm_error{arm_error::code::not_allowed, std::string{pattern}};
  std::lock_guard guard{mutex_};
  auto found = matching(pattern);
  if (found.empty())
    return unknown(pattern);
  for (auto* each : found)
    each->arm(what, seed_);
  return std::nullopt;
}

std::optional<arm_error> registry::arm(const plan& rules) {
  if (!allow_abort_)
    for (auto& each : rules)
      if (uses(each.what, action_kind::abort))
        return arm_error{arm_error::code::not_allowed, each.pattern};
  std::lock_guard guard{mutex_};
  for (auto& each : rules) {
    rules_.push_back(each);
    for (auto* found : matching(each.pattern))
      found->arm(each.what, seed_);
  }
  return std::nullopt;
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
  std::lock_guard guard{mutex_};
  std::erase_if(
    rules_, [pattern](auto& each) { return matches(pattern, each.pattern); });
  std::size_t result = 0;
  for (auto* each : matching(pattern))
    result += each->disarm() ? 1 : 0;
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

arm_error registry::unknown(std::string_view pattern) const {
  std::vector<std::string> names;
  for (auto& [name, each] : sites_)
    names.push_back(name);
  return {arm_error::code::unknown_point, std::string{pattern},
          names_near(pattern, names)};
}

} // namespace coppice::fault
