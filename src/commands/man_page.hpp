// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/command_text.hpp"

#include <string>

namespace coppice::commands {

/// The man page of `program`, in section 1 of the manual, as roff. It lists the
/// commands, each of which has a page of its own.
std::string man_page(const command_text& program, const std::string& version);

/// The page `PROGRAM-COMMAND` of one of its commands.
std::string man_page(const command_text& program, const command_text& command,
                     const std::string& version);

} // namespace coppice::commands
