// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
class ParseError;
} // namespace CLI

namespace coppice {

/// What is wrong with a command line, on one line; `parsed` is what was read of
/// it, and has the names that may have been meant.
std::string in_one_line(const CLI::App& parsed, const CLI::ParseError& problem);

/// Prints what is wrong as an error of `program`, and which command shows more:
/// that for the part that was read. Returns the exit code.
int usage_error(const std::string& program, const CLI::App& parsed,
                const CLI::ParseError& problem);
int usage_error(const std::string& program, const CLI::App& parsed,
                std::string_view problem);

} // namespace coppice
