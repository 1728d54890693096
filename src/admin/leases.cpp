// SPDX-License-Identifier: BSD-3-Clause

#include "admin/leases.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

namespace coppice::admin {

namespace {

constexpr std::size_t most_leases = 64;
constexpr std::size_t most_of_one = 10'000;

} // namespace

leases::leases(observer on_end) : on_end_(std::move(on_end)) {
  // nop
}

leases::~leases() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

leases::outcome leases::keep(const std::string& name,
                             std::chrono::milliseconds lasts) {
  std::lock_guard guard{mutex_};
  if (!all_.contains(name) && all_.size() == most_leases)
    return outcome::too_many;
  try {
    if (!thread_.joinable())
      thread_ = std::thread{[this] { run(); }};
  } catch (const std::system_error&) {
    return outcome::failed;
  }
  auto& kept = all_[name];
  if (!kept)
    kept = std::make_shared<lease>();
  kept->ends = std::chrono::steady_clock::now() + lasts;
  changed_.notify_all();
  return outcome::done;
}

bool leases::has(std::string_view name) const {
  std::lock_guard guard{mutex_};
  return all_.find(name) != all_.end();
}

leases::outcome leases::put(std::string_view name, std::string key, undo what) {
  std::lock_guard guard{mutex_};
  auto found = all_.find(name);
  if (found == all_.end())
    return outcome::unknown;
  if (auto former = places_.find(key); former != places_.end())
    erase(former);
  auto& undone = found->second->undone;
  if (undone.size() == most_of_one)
    return outcome::too_many;
  undone.push_back({key, std::move(what), ++puts_});
  places_.emplace(std::move(key),
                  place{found->second, std::prev(undone.end())});
  return outcome::done;
}

std::uint64_t leases::mark() const {
  std::lock_guard guard{mutex_};
  return puts_;
}

void leases::forget(std::uint64_t until,
                    const std::function<bool(std::string_view key)>& gone) {
  std::lock_guard guard{mutex_};
  for (auto i = places_.begin(); i != places_.end();)
    if (auto here = i++; here->second.at->put <= until && gone(here->first))
      erase(here);
}

void leases::erase(std::map<std::string, place, std::less<>>::iterator which) {
  which->second.owner->undone.erase(which->second.at);
  places_.erase(which);
}

std::size_t leases::end(std::string_view name) {
  std::unique_lock guard{mutex_};
  auto found = all_.find(name);
  if (found == all_.end())
    return 0;
  auto ending = found->second;
  all_.erase(found);
  guard.unlock();
  return undo_all(*ending);
}

// The last one first, since later ones may cover earlier ones. Each stays on
// the lease until its turn, so that doing it again before that takes it off.
std::size_t leases::undo_all(lease& ending) {
  for (std::size_t result = 0;; ++result) {
    auto nobody_does = hold();
    std::unique_lock guard{mutex_};
    if (ending.undone.empty())
      return result;
    auto& last = ending.undone.back();
    auto what = std::move(last.what);
    erase(places_.find(last.key));
    guard.unlock();
    what();
  }
}

void leases::run() {
  auto ends = [](auto& each) { return each.second->ends; };
  std::unique_lock guard{mutex_};
  while (!stopping_) {
    auto next = std::ranges::min_element(all_, {}, ends);
    if (next == all_.end()) {
      changed_.wait(guard);
      continue;
    }
    if (std::chrono::steady_clock::now() < next->second->ends) {
      // A copy: the lease may go meanwhile.
      auto when = next->second->ends;
      changed_.wait_until(guard, when);
      continue;
    }
    auto name = next->first;
    auto ending = next->second;
    all_.erase(next);
    guard.unlock();
    on_end_(name, undo_all(*ending));
    guard.lock();
  }
}

} // namespace coppice::admin
