// SPDX-License-Identifier: BSD-3-Clause

#include "lab/examples.hpp"

#include "lab/scenario.hpp"

#include "example_files.hpp"

#include <algorithm>

namespace coppice::lab {

const std::vector<example>& examples() {
  static const auto all = [] {
    std::vector<example> result;
    for (auto& [file, text] : example_files) {
      auto plan = parse_scenario(text, std::string{file}).value();
      result.push_back({plan.name, plan.about, std::string{text}});
    }
    return result;
  }();
  return all;
}

const example* find_example(std::string_view name) {
  auto& all = examples();
  auto i = std::ranges::find_if(all, [&](const example& each) {
    return name == each.name || name == each.short_name();
  });
  return i == all.end() ? nullptr : &*i;
}

} // namespace coppice::lab
