#include "coppice/lab/compare.hpp"
#include "lanes.hpp"

#include <algorithm>

namespace coppice::lab {

namespace {

std::optional<trace_event> element(const lane& events, std::size_t index) {
  if (index < events.size())
    return trace_event(events[index]);
  return {};
}

} // namespace

std::string to_string(const difference& what) {
  auto show = [](const std::optional<trace_event>& ev) {
    return ev ? ev->dump() : "nothing";
  };
  return "event " + std::to_string(what.index) + " of " + what.sup
         + ": expected " + show(what.expected) + ", found " + show(what.actual);
}

std::optional<difference> compare(const trace& expected, const trace& actual,
                                  const scenario& plan) {
  auto left = lanes_of(expected, plan);
  auto right = lanes_of(actual, plan);
  for (auto& [sup, _] : right)
    left.try_emplace(sup);
  for (auto& [sup, events] : left) {
    auto& others = right[sup];
    auto [i, j] = std::mismatch(events.begin(), events.end(), others.begin(),
                                others.end());
    if (i == events.end() && j == others.end())
      continue;
    auto index = static_cast<std::size_t>(i - events.begin());
    return difference{sup, index, element(events, index),
                      element(others, index)};
  }
  return {};
}

} // namespace coppice::lab
