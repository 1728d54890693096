// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string_view>

namespace coppice::commands {

/// Prints `coppice: TEXT` on standard error: on one line, whatever it holds.
void complain(std::string_view text);

/// The same for a text of several lines, each of which is escaped already.
void complain_in_lines(std::string_view text);

} // namespace coppice::commands
