// SPDX-License-Identifier: BSD-3-Clause

#include "testing/failure_text.hpp"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <sstream>
#include <utility>

namespace coppice::testing {

marks about(const event_history& what, std::string_view path) {
  marks result;
  for (std::size_t i = 0; i < what.events.size(); ++i)
    if (what.events[i].what.path == path)
      result.emplace(i, "*");
  return result;
}

marks last_about(const event_history& what, std::string_view path) {
  auto all = about(what, path);
  if (all.empty())
    return {};
  return {{all.rbegin()->first, "=>"}};
}

void list_paths(std::ostream& out, const event_history& what,
                std::string_view path) {
  if (what.find(path) != nullptr)
    return;
  out << " (there is no " << path;
  auto separator = "; there are: ";
  for (auto& [name, _] : what.actors)
    out << std::exchange(separator, ", ") << name;
  out << ")";
}

void explain_missing(std::ostream& out, const event_history& what, marks found,
                     std::size_t next, const event_matcher& missing) {
  std::ostringstream text;
  missing.describe_event(text);
  auto& all = what.events;
  auto earlier
    = std::find_if(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(next),
                   [&](auto& event) { return missing.takes(event); });
  if (earlier != all.begin() + static_cast<std::ptrdiff_t>(next)) {
    auto i = static_cast<std::size_t>(std::distance(all.begin(), earlier));
    found.emplace(i, "=>");
    out << "which has " << text.str() << " too early";
    print_around(out, what, found,
                 text.str() + ": not after line " + std::to_string(next));
    return;
  }
  out << "in which one is missing";
  found.emplace(all.size(), "");
  print_around(out, what, found, "missing: " + text.str());
}

} // namespace coppice::testing
