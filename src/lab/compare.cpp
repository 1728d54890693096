#include "coppice/lab/compare.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace coppice::lab {

namespace {

using lane = std::vector<nlohmann::json>;

void find_dynamic(const supervisor_def& def, std::set<std::string>& found) {
  if (def.dynamic())
    found.insert(def.id);
  for (auto& child : def.children)
    if (child.nested)
      find_dynamic(*child.nested, found);
}

bool counts(const trace_event& ev) {
  auto& kind = ev["e"];
  return kind != "progress" && kind != "died" && kind != "call";
}

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

std::map<std::string, lane> lanes_of(const trace& events,
                                     const std::set<std::string>& dynamic) {
  std::map<std::string, lane> result;
  for (auto& ev : events) {
    if (!counts(ev))
      continue;
    auto plain = nlohmann::json(ev);
    plain.erase("text");
    result[plain.value("sup", "-")].push_back(std::move(plain));
  }
  for (auto& [sup, events_of] : result)
    if (dynamic.contains(sup))
      sort_runs(events_of);
  return result;
}

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
  std::set<std::string> dynamic;
  find_dynamic(plan.top, dynamic);
  auto left = lanes_of(expected, dynamic);
  auto right = lanes_of(actual, dynamic);
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
