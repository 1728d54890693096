#include "coppice/observe/blame.hpp"

#include <string>

namespace coppice::observe {

namespace {

// More are there only if many survive what was to end them.
constexpr std::size_t usual_size = 1024;

} // namespace

void blame::put(std::string_view path, std::uint64_t cause,
                supervision::time_point now) {
  if (cause == 0)
    return;
  std::lock_guard guard{mutex_};
  if (entries_.size() >= usual_size)
    std::erase_if(
      entries_, [now](auto& each) { return now - each.second.since > lasts; });
  entries_.insert_or_assign(std::string{path}, entry{cause, now});
}

std::uint64_t blame::take(std::string_view path, supervision::time_point now) {
  std::lock_guard guard{mutex_};
  auto i = entries_.find(path);
  if (i == entries_.end())
    return 0;
  auto what = i->second;
  entries_.erase(i);
  return now - what.since > lasts ? 0 : what.cause;
}

} // namespace coppice::observe
