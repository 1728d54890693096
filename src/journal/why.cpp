// SPDX-License-Identifier: BSD-3-Clause

#include "journal/why.hpp"

#include "journal/event_json.hpp"
#include "observe/printable.hpp"

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

std::optional<entry> last_outcome(const reader& from,
                                  const std::vector<entry>& all) {
  // Servers that share a file may run at the same time.
  std::optional<entry> result;
  for (auto& each : all)
    if (is_outcome(each.what) && (!result || !from.before(each, *result)))
      result = each;
  return result;
}

std::string in_ms(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms",
                std::chrono::duration<double, std::milli>(time).count());
  return text;
}

// How many restarts a decision left, and whose budget it counted against.
std::string text_of_budget(const observe::event& ev) {
  auto& decided = *ev.decided;
  auto own = decided.own.value_or(supervision::own_budget{
    decided.budget_used, decided.intensity, decided.period});
  auto left = own.intensity - static_cast<std::int64_t>(own.used);
  std::string result;
  if (ev.kind == event_kind::gave_up || own.used_up)
    result = "no restart was left";
  else
    result = std::to_string(std::max<std::int64_t>(left, 0))
             + (left == 1 ? " restart was left" : " restarts were left");
  result += " of " + std::to_string(own.intensity) + " within "
            + std::to_string(own.period.count()) + " s";
  if (decided.own)
    result += " in the own budget of " + observe::printable(ev.path);
  if (own.used_up)
    result += ": its restart had to wait";
  return result;
}

// What a program said last, below the line about its end.
std::string last_lines_of(const observe::event& ev) {
  std::string result;
  if (!is_end(ev.kind) && ev.kind != event_kind::start_failed)
    return result;
  for (auto at = ev.detail.find('\n'); at != std::string::npos;) {
    auto end = ev.detail.find('\n', at + 1);
    result += "      | "
              + observe::printable(std::string_view{ev.detail}.substr(
                at + 1, end == std::string::npos ? end : end - at - 1))
              + "\n";
    at = end;
  }
  return result;
}

} // namespace

expected<std::optional<story>, store_error> why(const reader& from,
                                                const std::string& path) {
  // The pattern may fit longer paths, too.
  auto found = from.find({.path = path});
  if (!found)
    return unexpected{found.error()};
  auto& all = *found;
  std::erase_if(all, [&](auto& each) { return each.what.path != path; });
  auto last = last_outcome(from, all);
  if (!last)
    return std::nullopt;
  story result{path, {*last}, {}};
  auto& chain = result.chain;
  while (chain.back().what.cause != 0 && chain.size() < longest_chain) {
    auto before = from.at(last->run, chain.back().what.cause);
    if (!before)
      return unexpected{before.error()};
    if (!*before)
      break; // it is not kept any more
    chain.push_back(**before);
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
  auto path = observe::printable(what.path);
  auto result = path + "\n";
  for (auto& [run, ev] : what.chain) {
    auto line = observe::describe(ev);
    // Its own path is in the first line.
    if (ev.path == what.path && line.starts_with(path))
      line.erase(0, path.size() + 1);
    result
      += "  " + to_text(ev.wall_time) + "  " + line + "\n" + last_lines_of(ev);
  }
  auto decided
    = std::find_if(what.chain.rbegin(), what.chain.rend(),
                   [](auto& each) { return each.what.decided.has_value(); });
  if (what.down_for)
    result += "  it was away for " + in_ms(*what.down_for) + "\n";
  if (decided == what.chain.rend())
    return result;
  return result + "  " + text_of_budget(decided->what) + "\n";
}

} // namespace coppice::journal
