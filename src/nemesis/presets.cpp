// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/schedule_file.hpp"

#include "preset_files.hpp"

#include <algorithm>
#include <string>

namespace coppice::nemesis {

const std::vector<preset>& presets() {
  static const auto all = [] {
    std::vector<preset> result;
    for (auto& [file, text] : preset_files) {
      auto plan = parse_schedule(text, std::string{file}).value();
      result.push_back({plan.name, plan.about, std::string{text}});
    }
    return result;
  }();
  return all;
}

const preset* find_preset(std::string_view name) {
  auto& all = presets();
  auto i = std::ranges::find(all, name, &preset::name);
  return i == all.end() ? nullptr : &*i;
}

} // namespace coppice::nemesis
