#pragma once

#include "coppice/lab/scenario.hpp"
#include "coppice/lab/trace.hpp"

#include <set>
#include <string>
#include <vector>

namespace coppice::cli {

/// The values of --world.
std::set<std::string> world_names();

/// What happens in a world that `world_names` has.
std::vector<lab::moment> play_in(const std::string& world,
                                 const lab::scenario& plan);

} // namespace coppice::cli
