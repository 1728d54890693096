// SPDX-License-Identifier: BSD-3-Clause
//
// Limits from JSON: all or nothing, and what is written can be read.

#include "admin/limits_json.hpp"
#include "fuzz.hpp"

#include <nlohmann/json.hpp>

namespace coppice::fuzz {

void try_input(std::string_view input) {
  auto changes = nlohmann::json::parse(input, nullptr, false);
  if (!changes.is_object())
    return;
  net::limits limits;
  auto before = admin::to_json(limits);
  auto merged = admin::merge(changes, limits);
  auto after = admin::to_json(limits);
  demand(merged || after == before, "what is wrong changes nothing");
  if (merged)
    for (auto& [key, value] : changes.items())
      demand(after.at(key) == value, "what is right is done");
  net::limits again;
  demand(admin::merge(after, again).has_value(), "what is written can be read");
  demand(admin::to_json(again) == after, "and says the same");
}

} // namespace coppice::fuzz
