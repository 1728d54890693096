// SPDX-License-Identifier: BSD-3-Clause

#include "lab/lanes.hpp"

#include <algorithm>

namespace coppice::lab {

namespace {

// Sorts runs of signals and of downs.
void sort_runs(lane& events) {
  auto key = [](const nlohmann::json& ev) {
    return std::pair{ev["e"], ev.value("sig", nlohmann::json{})};
  };
  for (auto i = events.begin(); i != events.end();) {
    auto run = key(*i);
    auto j
      = std::find_if(i, events.end(), [&](auto& ev) { return key(ev) != run; });
    if (run.first == "signal" || run.first == "down")
      std::sort(i, j, [](auto& a, auto& b) { return a.dump() < b.dump(); });
    i = j;
  }
}

} // namespace

std::map<std::string, lane> lanes_of(const trace& events,
                                     const comparison& rules) {
  std::map<std::string, lane> result;
  for (auto& ev : events) {
    if (!rules.counts(ev["e"]))
      continue;
    auto plain = nlohmann::json(ev);
    plain.erase("text");
    result[plain.value("sup", "-")].push_back(std::move(plain));
  }
  for (auto& [sup, events_of] : result)
    if (rules.dynamic.contains(sup))
      sort_runs(events_of);
  return result;
}

} // namespace coppice::lab
