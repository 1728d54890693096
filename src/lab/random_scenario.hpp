// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace coppice::lab {

/// A scenario made up from `seed`: the same seed, the same scenario. Trees are
/// two deep, with every strategy, restart type, start outcome and kind of step,
/// as far as OTP `release` does what coppice does, and Erlang's answer does not
/// hang on chance. docs/internals/conformance.md lists what is left out.
nlohmann::json random_scenario(std::uint64_t seed, int release = 29);

/// Scenarios that are a little smaller than `value`: each lacks one step, one
/// child, or one detail. Empty if nothing can be left out.
std::vector<nlohmann::json> smaller(const nlohmann::json& value);

} // namespace coppice::lab
