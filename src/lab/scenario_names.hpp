// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/json_node.hpp"
#include "lab/scenario.hpp"

namespace coppice::lab {

/// Looks for steps that name somebody by mistake, in `plan` and in the JSON
/// that it was read from: a name that is like one of the scenario's; for what a
/// child does itself, such as `exit`, any name that nobody has; and what it
/// does before there is a step `start`, for nobody runs then. A question to a
/// supervisor may be about nobody, and may come before the start: it has an
/// answer.
void check_names(const scenario& plan, const json_node& node);

} // namespace coppice::lab
