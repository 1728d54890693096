// SPDX-License-Identifier: BSD-3-Clause

#include "admin/route.hpp"

#include <algorithm>
#include <cstddef>

namespace coppice::admin {

namespace {

constexpr std::string_view rest_mark = "...}";
constexpr std::size_t method_columns = 7;
constexpr std::size_t pattern_columns = 37;

std::string padded(std::string text, std::size_t columns) {
  text.resize(std::max(text.size() + 1, columns), ' ');
  return text;
}

// As the OpenAPI document has it.
std::string without_marks(std::string_view pattern) {
  if (!pattern.ends_with(rest_mark))
    return std::string{pattern};
  pattern.remove_suffix(rest_mark.size());
  return std::string{pattern} + "}";
}

} // namespace

std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              std::string_view path) {
  std::vector<std::string> names;
  while (!pattern.empty() && !path.empty()) {
    if (pattern.front() != '{') {
      if (pattern.front() != path.front())
        return {};
      pattern.remove_prefix(1);
      path.remove_prefix(1);
      continue;
    }
    auto end = pattern.find('}') + 1;
    auto takes_rest = pattern.substr(0, end).ends_with(rest_mark);
    auto length = takes_rest ? path.size() : path.find('/');
    auto name = path.substr(0, length);
    if (name.empty())
      return {};
    names.emplace_back(name);
    pattern.remove_prefix(end);
    path.remove_prefix(name.size());
  }
  if (!pattern.empty() || !path.empty())
    return {};
  return names;
}

std::string to_text(const std::vector<route>& routes) {
  std::string result
    = "coppice: a supervised server. In a browser, / is its page.\n";
  for (auto& each : routes)
    result += "  " + padded(std::string{each.method}, method_columns)
              + padded(without_marks(each.pattern), pattern_columns)
              + std::string{each.help}
              + (each.needs == permission::fault ? " *\n" : "\n");
  return result
         + "What is not a GET needs the admin token, if the server has one.\n"
           "* only if the server was started with --allow-faults\n";
}

} // namespace coppice::admin
