// SPDX-License-Identifier: BSD-3-Clause

#include "net/cpu_limit.hpp"

#include "fuzz.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace coppice::fuzz {

namespace {

__extension__ using wide = unsigned __int128;

// Takes a number of 64 bits off the front of `text`.
std::optional<wide> number(std::string_view& text) {
  wide result = 0;
  auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  for (auto c : digits) {
    result = result * 10 + static_cast<wide>(c - '0');
    if (result > std::numeric_limits<std::uint64_t>::max())
      return {};
  }
  text.remove_prefix(digits.size());
  return digits.empty() ? std::nullopt : std::optional{result};
}

// A quota, a blank and a period; what follows is not looked at.
std::optional<wide> reference(std::string_view text) {
  auto quota = number(text);
  if (!quota || !text.starts_with(' '))
    return {};
  text.remove_prefix(1);
  auto period = number(text);
  if (!period || *period == 0)
    return {};
  auto cpus = *quota / *period + (*quota % *period != 0 ? 1 : 0);
  return cpus == 0 ? 1 : cpus;
}

} // namespace

void try_input(std::string_view input) {
  std::vector<char> text{input.begin(), input.end()};
  auto cpus = net::parse_cpu_max(text_of(text));
  auto expected = reference(input);
  demand(cpus.has_value() == expected.has_value(), "a limit is seen as one");
  if (expected)
    demand(*cpus
             == std::min<wide>(*expected, std::numeric_limits<unsigned>::max()),
           "the limit is the quota by the period, rounded up");
}

} // namespace coppice::fuzz
