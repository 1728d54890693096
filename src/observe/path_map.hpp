// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace coppice::observe {

/// Hashes a path however it is held, so that looking for one needs no copy.
struct path_hash {
  using is_transparent = void;

  std::size_t operator()(std::string_view path) const noexcept {
    return std::hash<std::string_view>{}(path);
  }
};

/// By path, in no order. What it holds does not move.
template <class T>
using path_map = std::unordered_map<std::string, T, path_hash, std::equal_to<>>;

} // namespace coppice::observe
