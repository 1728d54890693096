// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace coppice {

/// Reads a duration such as `500ms`, `8s` or `2m`; a number alone is seconds.
/// Nothing if it is none, negative, or longer than a year.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A duration as `parse_duration` reads it, in the largest unit that is exact.
std::string to_text(std::chrono::milliseconds duration);

} // namespace coppice
