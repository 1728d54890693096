// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"
#include "lab/trace.hpp"

#include <string>
#include <vector>

namespace coppice::commands {

/// The values of --world.
std::vector<std::string> world_names();

/// What happens in a world that `world_names` has.
std::vector<lab::moment> play_in(const std::string& world,
                                 const lab::scenario& plan);

} // namespace coppice::commands
