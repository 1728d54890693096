// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/engine_world.hpp"
#include "lab/scenario.hpp"

#include <string>
#include <vector>

namespace coppice::lab {

/// The question that a step puts to a person, and what is needed to answer it.
struct riddle {
  /// The rules that decide, in this order, with the budgets as they are now: a
  /// sentence each. They do not say what comes of it.
  /// Source: OTP supervisor, design principles.
  std::vector<std::string> rules;
  std::string question;
};

/// Of a step that is to be played in `world`.
riddle riddle_of(const engine_world& world, const step& what);

/// Whether a step asks which children are started again.
bool asks_for_children(const step& what);

/// The rules and the question, a line each.
std::string rule_lines(const engine_world& world, const step& what);

} // namespace coppice::lab
