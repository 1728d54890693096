// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice::lab {

/// A scenario that comes with coppice.
struct example {
  std::string name;  ///< `02_one_for_all`
  std::string about; ///< One sentence.
  std::string text;  ///< JSON, as a file has it.

  /// Without its number: `one_for_all`.
  std::string_view short_name() const {
    return std::string_view{name}.substr(name.find('_') + 1);
  }
};

/// In the order in which they teach.
const std::vector<example>& examples();

/// The one of this name, with its number or without. Null if there is none.
const example* find_example(std::string_view name);

} // namespace coppice::lab
