// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/command_text.hpp"

#include <cstddef>
#include <string>

namespace CLI {
class ParseError;
} // namespace CLI

namespace coppice {

/// What `--help` prints: grouped, in lines of at most `columns` bytes where the
/// words allow it.
std::string help_text(const command_text& what, std::size_t columns);

/// The group of options that every command has.
inline constexpr auto last_help_group = "Other";

/// Has `app` and its subcommands print their help as `help_text` has it, as
/// wide as the terminal.
void format_help(CLI::App& app);

/// Adds the options `-h` and `--help`, after the others.
void add_help(CLI::App& app);

/// What is wrong with a command line, without line feeds.
std::string in_one_line(const CLI::ParseError& problem);

/// Prints that as an error of `program`, and which command `shows_more`.
/// Returns the exit code.
int usage_error(const std::string& program, const CLI::ParseError& problem,
                const std::string& shows_more);

/// `text` in lines of at most `columns`, each but the first after `indent`
/// blanks; the first begins after `used` columns. No line ends in a blank.
std::string wrapped(const std::string& text, std::size_t columns,
                    std::size_t indent, std::size_t used);

} // namespace coppice
