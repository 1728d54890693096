// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/command_text.hpp"

#include <cstddef>
#include <string>

namespace CLI {} // namespace CLI

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

/// `text` in lines of at most `columns`, each but the first after `indent`
/// blanks; the first begins after `used` columns. No line ends in a blank.
std::string wrapped(const std::string& text, std::size_t columns,
                    std::size_t indent, std::size_t used);

} // namespace coppice
