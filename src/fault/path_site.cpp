#include "coppice/fault/path_site.hpp"

#include "names.hpp"

#include <ranges>

namespace coppice::fault {

std::optional<decision> path_site::hit(std::string_view path) {
  {
    std::lock_guard guard{mutex_};
    for (auto& [pattern, who] : some_ | std::views::reverse)
      if (who->armed()
          && (matches(pattern, path) || matches("*/" + pattern, path)))
        return who->hit();
  }
  return all_.hit();
}

void path_site::add(std::string pattern, site& who) {
  std::lock_guard guard{mutex_};
  some_.emplace_back(std::move(pattern), &who);
  has_some_.store(true, std::memory_order_relaxed);
}

} // namespace coppice::fault
