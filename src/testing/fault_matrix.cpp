// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/faults.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <ostream>

namespace coppice::testing {

using fault::action_kind;

namespace {

// Letters and digits alone, `_` for the rest.
std::string identifier(std::string_view text) {
  std::string result;
  for (auto c : text)
    if (std::isalnum(static_cast<unsigned char>(c)))
      result += c;
    else if (!result.empty() && result.back() != '_')
      result += '_';
  while (!result.empty() && result.back() == '_')
    result.pop_back();
  return result;
}

// `throw` of `1*throw(fault)`; all of a term that is not so simple.
std::string_view essence(std::string_view term) {
  if (term.starts_with("1*"))
    term.remove_prefix(2);
  if (term.find("->") == std::string_view::npos && term.ends_with("(fault)"))
    term.remove_suffix(7);
  return term;
}

} // namespace

void PrintTo(const fault_case& what, std::ostream* out) {
  *out << what.point << "=" << what.term;
}

std::string
name_of_fault_case(const ::testing::TestParamInfo<fault_case>& info) {
  return identifier(info.param.point + " "
                    + std::string{essence(info.param.term)});
}

std::string term_of(action_kind what) {
  switch (what) {
  case action_kind::off:
  case action_kind::abort:
    return {};
  case action_kind::return_value:
  case action_kind::kill:
  case action_kind::drop:
  case action_kind::dup:
    return "1*" + std::string{to_string(what)};
  case action_kind::error:
    return "1*error(EIO)";
  case action_kind::exception:
  case action_kind::exit:
  case action_kind::log:
    return "1*" + std::string{to_string(what)} + "(fault)";
  case action_kind::delay:
  case action_kind::hang:
    return "1*" + std::string{to_string(what)} + "(20ms)";
  }
  return {};
}

std::vector<fault_case> fault_matrix(const fault::registry& faults,
                                     std::string_view pattern) {
  std::vector<fault_case> result;
  for (auto& point : faults.list()) {
    if (::fnmatch(std::string{pattern}.c_str(), point.name.c_str(), 0) != 0)
      continue;
    for (auto kind : fault::all_actions())
      if (auto term = term_of(kind); !term.empty() && point.actions.has(kind))
        result.push_back({point.name, term});
  }
  return result;
}

std::vector<fault_case>
fault_matrix(const std::function<void(fault::registry&)>& declare,
             std::string_view pattern) {
  fault::registry faults;
  declare(faults);
  return fault_matrix(faults, pattern);
}

std::vector<fault_case> fault_matrix(const std::vector<std::string>& points,
                                     const std::vector<std::string>& terms) {
  std::vector<fault_case> result;
  for (auto& point : points)
    for (auto& term : terms)
      result.push_back({point, term});
  return result;
}

} // namespace coppice::testing
