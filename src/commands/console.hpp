// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::commands {

/// The words of a line as a shell would take them: blanks separate, quotes and
/// backslashes keep together, # begins a comment. Nothing if a quote is open.
std::optional<std::vector<std::string>> words_of(std::string_view line);

/// What the word at the end of `line` may become, sorted: a command, one below
/// it, an option, one of few values, or an actor's path or the end of one.
/// `paths` is asked for those of all actors only where one may stand.
std::vector<std::string>
completions_of(std::string_view line, std::string_view word,
               const std::function<std::vector<std::string>()>& paths);

} // namespace coppice::commands
