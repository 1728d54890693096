// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string_view>

namespace coppice::observe {

/// The path of the supervisor of `path`; empty for a root.
inline std::string_view parent_of(std::string_view path) {
  auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{}
                                         : path.substr(0, slash);
}

} // namespace coppice::observe
