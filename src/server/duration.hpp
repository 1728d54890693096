// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace coppice {

/// Reads a duration such as `500ms`, `8s` or `2m`; a number alone is seconds.
/// Nothing if it is none, negative, or longer than a year.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

} // namespace coppice
