// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <string>
#include <string_view>

namespace coppice {

/// Names an argument and says what is wrong with it, as CLI11 does: `--bind:
/// "x" is no numeric address`. No bare text, which JSON converts to.
struct argument_error {
  std::string text;
};

/// What an argument stands for.
template <class T>
using argument = expected<T, argument_error>;

inline unexpected<argument_error> wrong(std::string_view name,
                                        const std::string& what) {
  return unexpected{argument_error{std::string{name} + ": " + what}};
}

} // namespace coppice
