// SPDX-License-Identifier: BSD-3-Clause

#include "journal/why.hpp"

#include "journal/event_json.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace coppice::journal {

using observe::event_kind;

namespace {

// A chain is as long as the tree is deep, a few times over.
constexpr std::size_t longest_chain = 256;

bool is_end(event_kind what) {
  return what == event_kind::child_exited || what == event_kind::child_stopped;
}

// What a story may end with. A first start is no story.
bool is_outcome(const observe::event& ev) {
  switch (ev.kind) {
  case event_kind::child_started:
    return ev.incarnation > 1;
  case event_kind::child_restarted:
  case event_kind::start_failed:
  case event_kind::gave_up:
  case event_kind::connection_crashed:
    return true;
  default:
    return is_end(ev.kind);
  }
}

std::optional<entry> last_outcome(const std::vector<entry>& all) {
  // Servers that share a file may run at the same time.
  std::optional<entry> result;
  for (auto& each : all)
    if (is_outcome(each.what)
        && (!result || each.what.wall_time >= result->what.wall_time))
      result = each;
  return result;
}

std::string in_ms(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms",
                std::chrono::duration<double, std::milli>(time).count());
  return text;
}

} // namespace

std::optional<story> why(const reader& from, const std::string& path) {
  // The pattern may fit longer paths, too.
  auto all = from.find({.path = path});
  std::erase_if(all, [&](auto& each) { return each.what.path != path; });
  auto last = last_outcome(all);
  if (!last)
    return {};
  story result{path, {*last}, {}};
  auto& chain = result.chain;
  while (chain.back().what.cause != 0 && chain.size() < longest_chain) {
    auto before = from.at(last->run, chain.back().what.cause);
    if (!before)
      break; // it is not kept any more
    chain.push_back(*before);
  }
  std::reverse(chain.begin(), chain.end());
  if (last->what.kind == event_kind::child_restarted)
    for (auto& each : all)
      if (each.run == last->run && each.what.seq < last->what.seq
          && is_end(each.what.kind))
        result.down_for = last->what.time - each.what.time;
  return result;
}

std::string tell(const story& what) {
  auto result = what.path + "\n";
  for (auto& [run, ev] : what.chain) {
    auto line = observe::describe(ev);
    // Its own path is in the first line.
    if (ev.path == what.path && line.starts_with(ev.path))
      line.erase(0, ev.path.size() + 1);
    result += "  " + to_text(ev.wall_time) + "  " + line + "\n";
  }
  auto decided
    = std::find_if(what.chain.rbegin(), what.chain.rend(),
                   [](auto& each) { return each.what.decided.has_value(); });
  if (what.down_for)
    result += "  it was away for " + in_ms(*what.down_for) + "\n";
  if (decided == what.chain.rend())
    return result;
  auto& budget = *decided->what.decided;
  auto left = budget.intensity - static_cast<std::int64_t>(budget.budget_used);
  if (decided->what.kind == event_kind::gave_up)
    result += "  no restart was left";
  else
    result += "  " + std::to_string(std::max<std::int64_t>(left, 0))
              + (left == 1 ? " restart was left" : " restarts were left");
  return result + " of " + std::to_string(budget.intensity) + " within "
         + std::to_string(budget.period.count()) + " s\n";
}

} // namespace coppice::journal
