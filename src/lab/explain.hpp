// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"

#include <string>

namespace coppice::lab {

/// Predicts what each step of `plan` will do: before a step is played, a copy
/// of the world is asked.
std::string explain(const scenario& plan);

} // namespace coppice::lab
