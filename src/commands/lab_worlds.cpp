// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_worlds.hpp"

#include "lab/actor_world.hpp"
#include "lab/engine_world.hpp"

#include <map>

namespace coppice::commands {

namespace {

using moments = std::vector<lab::moment>;

// The worlds that a scenario can be played in.
const std::map<std::string, moments (*)(const lab::scenario&)> worlds{
  {"actors", lab::play_on_actors},
  {"engine", lab::play},
};

} // namespace

std::vector<std::string> world_names() {
  std::vector<std::string> result;
  for (auto& [name, _] : worlds)
    result.push_back(name);
  return result;
}

std::vector<lab::moment> play_in(const std::string& world,
                                 const lab::scenario& plan) {
  return worlds.at(world)(plan);
}

} // namespace coppice::commands
