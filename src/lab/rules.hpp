// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/engine_world.hpp"
#include "lab/scenario.hpp"

#include <string>
#include <vector>

namespace coppice::lab {

/// The rules that decide what `what` will do in `world`, in this order, with
/// the budgets as they are now: a sentence each, for a person who is to guess
/// what comes of it. They do not say what comes of it. The last one is a
/// question.
/// Source: OTP supervisor, design principles.
std::vector<std::string> rules_for(const engine_world& world, const step& what);

/// The same, a line each.
std::string rule_lines(const engine_world& world, const step& what);

} // namespace coppice::lab
