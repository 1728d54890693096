// SPDX-License-Identifier: BSD-3-Clause

#include "lab/side_by_side.hpp"
#include "lab/lanes.hpp"

#include "observe/printable.hpp"

#include <algorithm>
#include <optional>

namespace coppice::lab {

namespace {

// How far one trace may run ahead of the other before they meet again.
constexpr std::size_t reach = 32;

// The event of either side; unset where a side has none.
struct row {
  const nlohmann::json* left = nullptr;
  const nlohmann::json* right = nullptr;
};

// How many events stand between `from` and one that equals `wanted`.
std::optional<std::size_t> distance(const lane& events, std::size_t from,
                                    const nlohmann::json& wanted) {
  auto end = std::min(events.size(), from + reach);
  for (auto i = from; i < end; ++i)
    if (events[i] == wanted)
      return i - from;
  return {};
}

std::vector<row> align(const lane& left, const lane& right) {
  std::vector<row> rows;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < left.size() && j < right.size()) {
    auto skip_left = distance(left, i, right[j]);
    auto skip_right = distance(right, j, left[i]);
    if (skip_left && skip_left <= skip_right.value_or(reach))
      for (; *skip_left > 0; --*skip_left)
        rows.push_back({&left[i++], nullptr});
    else if (skip_right)
      for (; *skip_right > 0; --*skip_right)
        rows.push_back({nullptr, &right[j++]});
    rows.push_back({&left[i++], &right[j++]});
  }
  for (; i < left.size(); ++i)
    rows.push_back({&left[i], nullptr});
  for (; j < right.size(); ++j)
    rows.push_back({nullptr, &right[j]});
  return rows;
}

std::string in_short(const nlohmann::json* ev) {
  if (ev == nullptr)
    return {};
  std::string result;
  for (auto* key :
       {"e", "kind", "op", "id", "n", "inst", "sig", "msg", "res", "reason"}) {
    auto i = ev->find(key);
    if (i == ev->end())
      continue;
    result += *key == 'n' ? "#" : result.empty() ? "" : " ";
    result += i->is_string() ? i->get<std::string>() : i->dump();
  }
  return observe::printable(result);
}

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), starts_character));
}

// Takes the first `columns` characters of `text`, or less, up to a space.
std::string take_line(std::string& text, std::size_t columns) {
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end)
    if (starts_character(text[end]) && ++seen > columns)
      break;
  if (end < text.size())
    if (auto space = text.rfind(' ', end); space != text.npos && space > 0)
      end = space;
  auto line = text.substr(0, end);
  text.erase(0, text.find_first_not_of(' ', end));
  return line;
}

// A row, on as many lines as its longer side needs.
std::string show(const std::string& mark, std::string left, std::string right,
                 std::size_t columns) {
  std::string result;
  do {
    auto first = take_line(left, columns);
    first.append(columns - columns_of(first), ' ');
    auto line = mark + " " + first + " │ " + take_line(right, columns);
    result += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  } while (!left.empty() || !right.empty());
  return result;
}

// The supervisors, in the order in which they come up.
std::vector<std::string> names_of(const trace& left, const trace& right,
                                  const comparison& rules) {
  std::vector<std::string> names;
  for (auto* events : {&left, &right})
    for (auto& ev : *events) {
      if (!rules.counts(ev["e"]))
        continue;
      auto name = ev.value("sup", "-");
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
    }
  return names;
}

std::string heading(const std::string& name) {
  if (name == "$parent")
    return "the process that started the tree";
  if (name == "$driver")
    return "the process that plays the scenario";
  return name == "-" ? "the end" : observe::printable(name);
}

} // namespace

std::string side_by_side(const titled_trace& left, const titled_trace& right,
                         const comparison& rules, std::size_t width) {
  auto columns = (width - 5) / 2;
  auto result = show(" ", left.title, right.title, columns);
  auto lefts = lanes_of(left.events, rules);
  auto rights = lanes_of(right.events, rules);
  for (auto& name : names_of(left.events, right.events, rules)) {
    result += "\n" + heading(name) + ":\n";
    for (auto& [one, other] : align(lefts[name], rights[name])) {
      auto same = one != nullptr && other != nullptr && *one == *other;
      result += show(same ? " " : "≠", in_short(one), in_short(other), columns);
    }
  }
  return result;
}

} // namespace coppice::lab
