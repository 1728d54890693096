// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/event_history.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <set>
#include <sstream>

namespace coppice::testing {

namespace {

constexpr std::size_t lines_around = 2;
constexpr std::size_t lines_at_the_end = 10;

std::string milliseconds(std::chrono::nanoseconds time) {
  constexpr std::int64_t per_ms = 1'000'000;
  auto count = time.count();
  std::ostringstream text;
  if (count % per_ms == 0)
    text << count / per_ms;
  else
    text << std::fixed << std::setprecision(3)
         << static_cast<double>(count) / per_ms;
  text << " ms";
  return text.str();
}

void print_line(std::ostream& out, const event_history& what, std::size_t i,
                const std::string& mark) {
  out << "\n"
      << std::setw(4) << mark << std::setw(5) << i + 1 << std::setw(11)
      << milliseconds(what.events[i].at) << "  " << describe(what.events[i]);
}

std::set<std::size_t> lines_to_show(std::size_t size, const marks& which) {
  std::set<std::size_t> result;
  auto add = [&](std::size_t from, std::size_t to) {
    for (auto i = from; i < std::min(to, size); ++i)
      result.insert(i);
  };
  if (which.empty())
    add(size - std::min(size, lines_at_the_end), size);
  for (auto& [i, _] : which)
    add(i - std::min(i, lines_around), i + lines_around + 1);
  return result;
}

void print_gap(std::ostream& out, std::size_t lines) {
  if (lines > 0)
    out << "\n         … " << lines << " more";
}

} // namespace

std::string describe(const happening& what) {
  return observe::describe(what.what);
}

const actor_state* event_history::find(std::string_view path) const {
  auto i = actors.find(short_path(path));
  return i == actors.end() ? nullptr : &i->second;
}

std::string short_path(std::string_view path) {
  if (path.substr(0, supervisor_path.size()) == supervisor_path
      && path.size() > supervisor_path.size()
      && path[supervisor_path.size()] == '/')
    path.remove_prefix(supervisor_path.size() + 1);
  return std::string{path};
}

std::string full_path(std::string_view path) {
  auto result = short_path(path);
  return path == supervisor_path ? result
                                 : std::string{supervisor_path} + "/" + result;
}

void print_around(std::ostream& out, const event_history& what,
                  const marks& which, const std::string& end) {
  std::size_t next = 0;
  for (auto i : lines_to_show(what.events.size(), which)) {
    print_gap(out, i - next);
    auto mark = which.find(i);
    print_line(out, what, i, mark == which.end() ? "" : mark->second);
    next = i + 1;
  }
  print_gap(out, what.events.size() - next);
  if (!end.empty())
    out << "\n  => " << end;
  if (what.lost > 0)
    out << "\n     " << what.lost << " events were not recorded";
}

std::string to_string(const event_history& what) {
  std::ostringstream out;
  for (std::size_t i = 0; i < what.events.size(); ++i)
    print_line(out, what, i, "");
  return out.str();
}

void PrintTo(const event_history& what, std::ostream* out) {
  *out << what.events.size()
       << (what.events.size() == 1 ? " event" : " events");
}

} // namespace coppice::testing
