// SPDX-License-Identifier: BSD-3-Clause

#include "observe/blame.hpp"

#include <string>

namespace coppice::observe {

namespace {

// More are there only if many survive what was to end them.
constexpr std::size_t usual_size = 1024;

} // namespace

void blame::put(std::string_view path, std::uint64_t cause) {
  if (cause == 0)
    return;
  std::lock_guard guard{mutex_};
  if (entries_.size() >= usual_size)
    std::erase_if(entries_, [](auto& each) { return each.second.survived(); });
  entries_.insert_or_assign(std::string{path}, entry{cause, clock::now()});
}

std::uint64_t blame::look(std::string_view path) const {
  std::lock_guard guard{mutex_};
  auto i = entries_.find(path);
  return i == entries_.end() || i->second.survived() ? 0 : i->second.cause;
}

std::uint64_t blame::take(std::string_view path) {
  std::lock_guard guard{mutex_};
  auto i = entries_.find(path);
  if (i == entries_.end())
    return 0;
  auto what = i->second;
  entries_.erase(i);
  return what.survived() ? 0 : what.cause;
}

} // namespace coppice::observe
