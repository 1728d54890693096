// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/term.hpp"
#include "fault/errno_names.hpp"
#include "fault/parser.hpp"
#include "fault/vocabulary.hpp"

#include <algorithm>
#include <charconv>

namespace coppice::fault {

namespace {

const word& word_of(action_kind kind) {
  return *std::ranges::find(words, kind, &word::kind);
}

std::string escaped(std::string_view text) {
  std::string result;
  for (auto c : text) {
    if (c == ')' || c == '\\')
      result += '\\';
    result += c;
  }
  return result;
}

std::string time_text(std::chrono::nanoseconds time) {
  auto& fitting = *std::ranges::find_if(units, [time](auto& each) {
    return time % each.length == std::chrono::nanoseconds::zero();
  });
  return std::to_string(time / fitting.length) + std::string{fitting.name};
}

std::string argument_text(const action& what) {
  if (what.kind == action_kind::error)
    return std::string{errno_name(what.error_code)};
  if (what.time)
    return time_text(*what.time);
  return escaped(what.text);
}

std::string number_text(double number) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number,
                           std::chars_format::fixed)
               .ptr;
  return {buffer, end};
}

std::string step_text(const step& what) {
  std::string result;
  if (what.percent < 100)
    result += number_text(what.percent) + "%";
  if (what.count)
    result += std::to_string(*what.count) + "*";
  if (what.skip > 0)
    result += "@" + std::to_string(what.skip) + " ";
  return result + to_string(what.what);
}

} // namespace

std::string_view to_string(action_kind value) {
  return word_of(value).name;
}

std::string to_string(const term_error& error) {
  return "at " + std::to_string(error.at) + ": " + error.message;
}

expected<term, term_error> parse_term(std::string_view text) {
  parser input{text};
  auto result = input.read_term();
  if (!input.at_end())
    input.fail("-> or the end");
  return input.finish(std::move(result));
}

std::string to_string(const term& what) {
  std::string result;
  for (auto& each : what.steps)
    result += (result.empty() ? "" : "->") + step_text(each);
  return result;
}

std::string to_string(const action& what) {
  auto inner = argument_text(what);
  auto name = std::string{to_string(what.kind)};
  return inner.empty() ? name : name + "(" + inner + ")";
}

bool uses(const term& what, action_kind kind) {
  return std::ranges::any_of(
    what.steps, [kind](auto& each) { return each.what.kind == kind; });
}

std::vector<action_kind> all_actions() {
  std::vector<action_kind> result;
  for (auto& each : words)
    result.push_back(each.kind);
  return result;
}

std::optional<action_kind> first_unknown(const term& what,
                                         const action_set& known) {
  const action_set anywhere{action_kind::off, action_kind::log,
                            action_kind::abort};
  for (auto& each : what.steps)
    if (!known.has(each.what.kind) && !anywhere.has(each.what.kind))
      return each.what.kind;
  return std::nullopt;
}

} // namespace coppice::fault
