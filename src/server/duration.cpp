// SPDX-License-Identifier: BSD-3-Clause

#include "server/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace coppice {

using namespace std::chrono_literals;

namespace {

struct unit {
  std::string_view name;
  std::chrono::milliseconds length;
};

constexpr std::array units{unit{"d", 24h}, unit{"h", 1h}, unit{"m", 1min},
                           unit{"s", 1s}, unit{"ms", 1ms}};

constexpr std::chrono::milliseconds longest = 24h * 365;

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, count);
  if (err != std::errc{} || count < 0)
    return {};
  std::string_view name{rest, static_cast<std::size_t>(last - rest)};
  auto found = std::ranges::find(units, name.empty() ? "s" : name, &unit::name);
  if (found == units.end() || count > longest / found->length)
    return {};
  return count * found->length;
}

std::string to_text(std::chrono::milliseconds duration) {
  auto exact = [&](const unit& each) { return duration % each.length == 0ms; };
  auto& largest
    = duration == 0ms ? units.back() : *std::ranges::find_if(units, exact);
  return std::to_string(duration / largest.length) + std::string{largest.name};
}

} // namespace coppice
