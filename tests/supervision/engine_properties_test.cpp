// SPDX-License-Identifier: BSD-3-Clause

#include "property_world.hpp"

#include <cstdlib>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace {

// RapidCheck reads this; RC_PARAMS='max_success=100000' is what CI runs.
[[maybe_unused]] const auto default_runs
  = setenv("RC_PARAMS", "max_success=2000", 0);

RC_GTEST_PROP(Engine, KeepsItsPromisesWhateverHappens, ()) {
  using bytes = std::vector<std::uint8_t>;
  property_world world{
    *rc::gen::resize(300, rc::gen::arbitrary<bytes>()).as("choices")};

  world.run();

  RC_CLASSIFY(world.starts > 0, "started children");
  RC_CLASSIFY(world.decisions > 0, "restarted");
  RC_CLASSIFY(world.ended(), "ended");
  RC_LOG() << world.broken();
  RC_ASSERT(world.broken().empty());
}

} // namespace
