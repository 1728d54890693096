// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::commands {

/// The words of a line as a shell would take them: blanks separate, quotes and
/// backslashes keep together, # begins a comment. Nothing if a quote is open.
std::optional<std::vector<std::string>> words_of(std::string_view line);

} // namespace coppice::commands
