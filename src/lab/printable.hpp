// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coppice::lab {

/// How much of a text by somebody else is shown at once, in bytes.
inline constexpr std::size_t shown_at_most = 1000;

/// A text in UTF-8 by somebody else, as a terminal may get it: on one line,
/// control characters escaped as in JSON, and after `most` bytes of it cut,
/// which ` …` says.
std::string printable(std::string_view text, std::size_t most = shown_at_most);

} // namespace coppice::lab
