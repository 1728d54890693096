// SPDX-License-Identifier: BSD-3-Clause

#include "server/duration.hpp"

#include "fuzz.hpp"

namespace coppice::fuzz {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t year_ms = 365LL * 24 * 60 * 60 * 1000;

std::int64_t milliseconds_of(std::string_view unit) {
  return unit == "ms"                  ? 1
         : unit == "s" || unit.empty() ? 1000
         : unit == "m"                 ? 60'000
         : unit == "h"                 ? 3'600'000
         : unit == "d"                 ? 86'400'000
                                       : 0;
}

// Adds digit to digit, and gives up beyond a year.
std::optional<milliseconds> reference(std::string_view text) {
  auto minus = text.starts_with('-');
  text.remove_prefix(minus ? 1 : 0);
  auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  auto factor = milliseconds_of(text.substr(digits.size()));
  if (digits.empty() || factor == 0)
    return {};
  std::int64_t count = 0;
  for (auto c : digits) {
    count = count * 10 + (c - '0');
    if (count * factor > year_ms || (minus && count != 0))
      return {};
  }
  return milliseconds{count * factor};
}

} // namespace

void try_input(std::string_view input) {
  std::vector<char> text{input.begin(), input.end()};
  demand(parse_duration(text_of(text)) == reference(input),
         "a duration is its number of units");
}

} // namespace coppice::fuzz
