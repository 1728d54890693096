// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command_text.hpp"

#include <cstddef>
#include <string>

namespace coppice::commands {

/// What `--help` prints: grouped, in lines of at most `columns` bytes where the
/// words allow it.
std::string help_text(const command_text& what, std::size_t columns);

/// `text` in lines of at most `columns`, each but the first after `indent`
/// blanks; the first begins after `used` columns. No line ends in a blank.
std::string wrapped(const std::string& text, std::size_t columns,
                    std::size_t indent, std::size_t used);

} // namespace coppice::commands
