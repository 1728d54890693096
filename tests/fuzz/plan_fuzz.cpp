// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/point.hpp"
#include "coppice/fault/term.hpp"

#include "fuzz.hpp"

namespace coppice::fuzz {

namespace {

// What is read is written so that it reads as the same again.
void try_term(std::string_view input) {
  auto result = fault::parse_term(input);
  if (!result) {
    demand(result.error().at <= input.size(), "the place is in the text");
    demand(!result.error().message.empty(), "it is said what was expected");
    return;
  }
  auto again = fault::parse_term(fault::to_string(*result));
  demand(again && *again == *result,
         "the canonical form reads as the same term");
}

// A plan can be armed, and everything that it armed can be disarmed.
void try_plan(std::string_view input) {
  auto rules = fault::parse_plan(input);
  if (!rules)
    return;
  fault::registry faults{{.seed = 1}};
  fault::basic_point<true> recv{faults, "net.recv", ""};
  fault::basic_path_point<true> start{faults, "actor.start", ""};
  if (!faults.arm(*rules))
    return;
  for (int i = 0; i < 4; ++i) {
    [[maybe_unused]] auto one = recv.hit();
    [[maybe_unused]] auto other = start.hit("app/pool/a");
  }
  faults.disarm();
  demand(!recv.hit() && !start.hit("app/pool/a"), "nothing fires after that");
}

} // namespace

void try_input(std::string_view input) {
  try_term(input);
  try_plan(input);
}

} // namespace coppice::fuzz
