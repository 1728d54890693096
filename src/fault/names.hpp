// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice::fault {

/// What the name of a point may consist of: letters, digits and `_.:/-`.
bool is_name_character(char c);

/// Whether `name` matches `pattern`, in which `*` stands for any characters.
bool matches(std::string_view pattern, std::string_view name);

/// Whether `pattern` matches `path` or its end, from a `/` on.
bool matches_path(const std::string& pattern, std::string_view path);

/// Those of `names` that `wrong` may stand for, three at most, the most similar
/// first.
std::vector<std::string> names_near(std::string_view wrong,
                                    const std::vector<std::string>& names);

/// `; did you mean a or b?`, or nothing if none of `names` is like `wrong`.
std::string did_you_mean(std::string_view wrong,
                         const std::vector<std::string>& names);

/// Of names that do not live in strings.
template <class Names>
std::string did_you_mean(std::string_view wrong, const Names& names) {
  return did_you_mean(wrong,
                      std::vector<std::string>(names.begin(), names.end()));
}

} // namespace coppice::fault
