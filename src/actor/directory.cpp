// SPDX-License-Identifier: BSD-3-Clause

#include "actor/directory.hpp"

#include "actor/pinned_actor.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <algorithm>
#include <set>

namespace coppice::actor {

namespace {

// What the directory looks at while it holds its mutex. Each handle may be the
// last one of its actor, which ends as it is let go of and then comes back to
// the directory: to be declared before the guard, so that it outlives it.
class looked_at {
public:
  /// The reference holds until the next call.
  const caf::actor& operator()(const caf::weak_actor_ptr& who) {
    return handles_.emplace_back(caf::actor_cast<caf::actor>(who.lock()));
  }

private:
  std::vector<caf::actor> handles_;
};

} // namespace

void directory::put(std::string path, const caf::actor& handle,
                    supervision::child_type type) {
  std::lock_guard guard{mutex_};
  slots_[std::move(path)]
    = slot{caf::actor_cast<caf::weak_actor_ptr>(handle), type, false};
}

expected<void, caf::actor> directory::reserve(const std::string& path) {
  caf::actor handle; // before the guard, as in looked_at
  std::lock_guard guard{mutex_};
  auto& there = slots_[path];
  handle = caf::actor_cast<caf::actor>(there.handle.lock());
  if (there.reserved || !has_ended(handle))
    return unexpected{std::move(handle)};
  there = slot{{}, supervision::child_type::supervisor, true};
  return {};
}

void directory::give_up(std::string_view path) {
  std::lock_guard guard{mutex_};
  if (auto i = slots_.find(path); i != slots_.end() && i->second.reserved)
    slots_.erase(i);
}

void directory::erase(std::string_view path, const caf::actor& handle) {
  std::lock_guard guard{mutex_};
  auto i = slots_.find(path);
  if (i != slots_.end()
      && i->second.handle == caf::actor_cast<caf::weak_actor_ptr>(handle))
    slots_.erase(i);
}

std::optional<directory::entry> directory::find(std::string_view path) const {
  caf::actor handle; // before the guard, as in looked_at
  std::lock_guard guard{mutex_};
  auto i = slots_.find(path);
  if (i == slots_.end())
    return {};
  handle = caf::actor_cast<caf::actor>(i->second.handle.lock());
  if (has_ended(handle))
    return {};
  return entry{std::move(handle), i->second.type};
}

std::vector<std::string> directory::leaves() const {
  std::set<std::string> living;
  {
    looked_at strong;
    std::lock_guard guard{mutex_};
    for (auto& [path, who] : slots_)
      if (!has_ended(strong(who.handle)))
        living.insert(path);
  }
  // A path and what is below it are not neighbours: '-' comes before '/'.
  std::vector<std::string> result;
  for (auto& path : living)
    if (auto i = living.lower_bound(path + "/");
        i == living.end() || !i->starts_with(path + "/"))
      result.push_back(path);
  return result;
}

std::vector<std::string> directory::workers_below(std::string_view path) const {
  auto below = std::string{path} + "/";
  std::vector<std::string> result;
  looked_at strong;
  std::lock_guard guard{mutex_};
  for (auto& [where, who] : slots_)
    if (who.type == supervision::child_type::worker
        && (where == path || where.starts_with(below))
        && !has_ended(strong(who.handle)))
      result.push_back(where);
  std::ranges::sort(result);
  return result;
}

std::map<std::string, std::size_t> directory::waiting() const {
  std::map<std::string, std::size_t> result;
  looked_at strong;
  std::lock_guard guard{mutex_};
  for (auto& [path, who] : slots_) {
    auto& handle = strong(who.handle);
    if (has_ended(handle))
      continue;
    auto* counting = dynamic_cast<pinned_actor*>(
      caf::actor_cast<caf::abstract_actor*>(handle));
    if (counting != nullptr)
      result.emplace(path, counting->waiting());
  }
  return result;
}

void directory::abandon(std::string path, const caf::actor& handle) {
  looked_at strong;
  std::lock_guard guard{mutex_};
  std::erase_if(abandoned_,
                [&](auto& known) { return has_ended(strong(known.second)); });
  abandoned_.emplace_back(std::move(path),
                          caf::actor_cast<caf::weak_actor_ptr>(handle));
}

std::vector<std::string> directory::abandoned() const {
  std::vector<std::string> result;
  looked_at strong;
  std::lock_guard guard{mutex_};
  for (auto& [path, handle] : abandoned_)
    if (!has_ended(strong(handle)))
      result.push_back(path);
  return result;
}

} // namespace coppice::actor
