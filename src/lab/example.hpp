// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string_view>

namespace coppice::lab {

/// The text of a scenario to begin with: it plays as it stands, and its
/// comments say what else could stand there.
std::string_view example_scenario();

} // namespace coppice::lab
