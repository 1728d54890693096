// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace coppice {

/// All that is wrong with a file: by line, and on one line in the order in
/// which it was found. Line 0 is the file as a whole.
using complaints = std::multimap<std::uint32_t, std::string>;

/// `FILE:LINE: TEXT` each.
std::vector<std::string> in_lines(const complaints& all,
                                  const std::string& file);

/// The content of a file, but no more than `most_bytes` + 1 of it, or why it
/// cannot be read.
expected<std::string, std::string> content_of(const std::string& file,
                                              std::size_t most_bytes);

} // namespace coppice
