// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "observe/path_map.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::observe {

/// What actors leave behind at their end for the code that reports that end,
/// in words for a person. Thread-safe.
class end_notes {
public:
  void put(std::string_view path, std::string text) {
    std::lock_guard guard{mutex_};
    notes_.insert_or_assign(std::string{path}, std::move(text));
  }

  /// What was put last, or nothing; it is forgotten.
  std::string take(std::string_view path) {
    std::lock_guard guard{mutex_};
    auto i = notes_.find(path);
    if (i == notes_.end())
      return {};
    auto result = std::move(i->second);
    notes_.erase(i);
    return result;
  }

private:
  std::mutex mutex_;
  path_map<std::string> notes_;
};

} // namespace coppice::observe
