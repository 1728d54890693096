// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/compare.hpp"
#include "lab/trace.hpp"

#include <map>
#include <string>
#include <vector>

namespace coppice::lab {

/// What one supervisor did and noticed, as far as it counts in a comparison.
using lane = std::vector<nlohmann::json>;

/// The events of each supervisor, in order; "-" has those of none. Under
/// simple_one_for_one, runs of signals and of downs are sorted.
std::map<std::string, lane> lanes_of(const trace& events,
                                     const comparison& rules);

} // namespace coppice::lab
