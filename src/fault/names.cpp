// SPDX-License-Identifier: BSD-3-Clause

#include "fault/names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace coppice::fault {

namespace {

// How many characters have to be inserted, deleted, replaced or swapped with
// the next (optimal string alignment). What is very long is like nothing.
std::size_t distance(std::string_view a, std::string_view b) {
  constexpr std::size_t longest = 256;
  if (a.size() > longest || b.size() > longest)
    return std::max(a.size(), b.size());
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1),
    row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      auto replaced = last[j] + (a[i] == b[j] ? 0 : 1);
      row[j + 1] = std::min({replaced, last[j + 1] + 1, row[j] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
  }
  return row.back();
}

} // namespace

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9')
         || std::string_view{"_.:/-"}.find(c) != std::string_view::npos;
}

bool matches(std::string_view pattern, std::string_view name) {
  // Each part between two stars takes the first place where it fits; that is
  // right for all parts but the last, which has to fit at the end.
  auto star = pattern.find('*');
  if (star == std::string_view::npos)
    return pattern == name;
  if (!name.starts_with(pattern.substr(0, star)))
    return false;
  name.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  while ((star = pattern.find('*')) != std::string_view::npos) {
    auto part = pattern.substr(0, star);
    auto place = name.find(part);
    if (place == std::string_view::npos)
      return false;
    name.remove_prefix(place + part.size());
    pattern.remove_prefix(star + 1);
  }
  return name.ends_with(pattern);
}

bool matches_path(const std::string& pattern, std::string_view path) {
  return matches(pattern, path) || matches("*/" + pattern, path);
}

std::vector<std::string> names_near(std::string_view wrong,
                                    const std::vector<std::string>& names) {
  constexpr std::size_t most = 3;
  std::vector<std::pair<std::size_t, std::string>> found;
  for (auto& name : names) {
    auto apart = distance(wrong, name);
    auto part = !wrong.empty() && name.find(wrong) != std::string::npos;
    auto shares = apart < std::max(wrong.size(), name.size());
    if (part || (shares && apart <= std::max<std::size_t>(2, name.size() / 3)))
      found.emplace_back(apart, name);
  }
  std::ranges::sort(found);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < std::min(most, found.size()); ++i)
    result.push_back(std::move(found[i].second));
  return result;
}

std::string did_you_mean(std::string_view wrong,
                         const std::vector<std::string>& names) {
  std::string result;
  if (wrong.size() < 2) // like everything
    return result;
  for (auto& each : names_near(wrong, names))
    result += (result.empty() ? "; did you mean " : " or ") + each;
  return result.empty() ? result : result + "?";
}

} // namespace coppice::fault
