// SPDX-License-Identifier: BSD-3-Clause

#include "server/duration.hpp"

#include <charconv>
#include <cstdint>

namespace coppice {

using namespace std::chrono_literals;

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, count);
  if (err != std::errc{} || count < 0)
    return {};
  std::string_view unit{rest, static_cast<std::size_t>(last - rest)};
  std::chrono::milliseconds factor{0};
  if (unit == "ms")
    factor = 1ms;
  else if (unit == "s" || unit.empty())
    factor = 1s;
  else if (unit == "m")
    factor = 1min;
  else if (unit == "h")
    factor = 1h;
  else if (unit == "d")
    factor = 24h;
  else
    return {};
  constexpr std::chrono::milliseconds longest = 24h * 365;
  if (count > longest / factor)
    return {};
  return count * factor;
}

} // namespace coppice
