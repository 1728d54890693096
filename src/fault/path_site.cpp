// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/site.hpp"

#include "fault/names.hpp"

#include <algorithm>

namespace coppice::fault {

std::optional<decision> path_site::hit(std::string_view path) {
  std::vector<site*> asked;
  {
    std::lock_guard guard{mutex_};
    for (auto i = some_.rbegin(); i != some_.rend(); ++i)
      if (i->second->armed() && matches_path(i->first, path))
        asked.push_back(i->second);
  }
  for (auto* who : asked) {
    auto decided = false;
    auto what = who->hit(&decided);
    if (decided)
      return what;
  }
  return all_.hit();
}

void path_site::add(std::string pattern, site& who) {
  std::lock_guard guard{mutex_};
  some_.emplace_back(std::move(pattern), &who);
}

void path_site::look_who_is_armed() {
  std::lock_guard guard{mutex_};
  some_are_armed_.store(
    std::ranges::any_of(some_, [](auto& each) { return each.second->armed(); }),
    std::memory_order_relaxed);
}

} // namespace coppice::fault
