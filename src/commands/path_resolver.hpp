// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace coppice::commands {

/// Why a path does not stand for one actor.
struct path_error {
  /// Those that it may stand for, sorted; or, if there are none, those that may
  /// have been meant, three at most, the most alike first.
  std::vector<std::string> candidates;
  bool ambiguous = false;

  /// For a person: what happened, and what to write instead, in lines that a
  /// terminal may get. `missing` is what
  /// is said before the path if it stands for no actor.
  std::string text(std::string_view wanted,
                   std::string_view missing = "there is no actor at") const;
};

/// The one of `paths` that `wanted` stands for: itself, or the only one that
/// ends with it, in whole segments; `*` stands for any characters. Pure.
expected<std::string, path_error>
resolve_path(std::string_view wanted, const std::vector<std::string>& paths);

} // namespace coppice::commands
