// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coppice::observe {

/// How much of a text by somebody else is shown at once, in bytes.
inline constexpr std::size_t shown_at_most = 1024;

/// A text by somebody else, as a terminal or a log may get it: on one line, and
/// after `most` bytes of it cut, which ` …` says. What could begin a line, move
/// the cursor or change the order of what is read is escaped: control
/// characters, line separators, bidirectional controls and invisible ones as in
/// JSON (`\u001b`), and bytes that are no UTF-8 as `\xff`. A text that was
/// escaped once stays as it is. Pure.
std::string printable(std::string_view text, std::size_t most = shown_at_most);

/// The same for a text of several lines, whose line feeds stay.
std::string printable_lines(std::string_view text, std::size_t most);

} // namespace coppice::observe
