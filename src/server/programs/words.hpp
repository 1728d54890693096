// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Programs that a tree file describes: `coppice run`.
namespace coppice::programs {

/// The value of a variable; nothing if it is not set.
using variables = std::function<std::optional<std::string>(const std::string&)>;

/// Puts values in place of `${NAME}` and `${NAME:-DEFAULT}`, where the default
/// counts if the variable is not set or empty, and `$` in place of `$$`. Any
/// other `$` stays. The error says which variable is missing, or what is no
/// variable.
expected<std::string, std::string> expanded(std::string_view text,
                                            const variables& values);

/// Splits a text into words as a shell does, by blanks, quotes and
/// backslashes, but without a shell: what only a shell can do is refused. What
/// `expanded` replaces stays as it is, and splits no word.
expected<std::vector<std::string>, std::string>
split_words(std::string_view text);

} // namespace coppice::programs
