// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/term.hpp"
#include "fault/names.hpp"
#include "fault/parser.hpp"

#include <cstdlib>

namespace coppice::fault {

namespace {

bool is_pattern_character(char c) {
  return is_name_character(c) || c == '*';
}

rule read_rule(parser& input) {
  auto pattern = input.take_while(is_pattern_character);
  if (pattern.empty())
    input.fail("the name of a fault point");
  input.expect("=");
  return {std::string{pattern}, input.read_term()};
}

} // namespace

expected<plan, term_error> parse_plan(std::string_view text) {
  plan result;
  parser input{text};
  while (!input.at_end()) {
    result.push_back(read_rule(input));
    if (!input.take(";") && !input.at_end())
      input.fail("->, ; or the end");
  }
  return input.finish(std::move(result));
}

expected<plan, term_error> plan_from_environment() {
  auto* text = std::getenv("COPPICE_FAULTS");
  return parse_plan(text == nullptr ? "" : text);
}

} // namespace coppice::fault
