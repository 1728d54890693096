// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/path_map.hpp"

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::observe {

/// What actors leave behind at their end for whoever tells of that end, in
/// words for a person. Thread-safe.
class last_words {
public:
  void put(std::string_view path, std::string text) {
    std::lock_guard guard{mutex_};
    said_.insert_or_assign(std::string{path}, std::move(text));
  }

  /// What was put last, or nothing; it is forgotten.
  std::string take(std::string_view path) {
    std::lock_guard guard{mutex_};
    auto i = said_.find(path);
    if (i == said_.end())
      return {};
    auto result = std::move(i->second);
    said_.erase(i);
    return result;
  }

private:
  std::mutex mutex_;
  path_map<std::string> said_;
};

} // namespace coppice::observe
