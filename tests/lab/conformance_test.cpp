// SPDX-License-Identifier: BSD-3-Clause

#include "conformance_files.hpp"

#include "lab/compare.hpp"
#include "lab/engine_world.hpp"

#include <gtest/gtest.h>

namespace conformance_test {

using namespace coppice::lab;

namespace {

const auto scenarios = conformance_dir() / "scenarios";

class EngineWorld : public testing::TestWithParam<std::string> {};

TEST_P(EngineWorld, LeavesTheTraceOfErlang) {
  auto plan = scenario_in(scenarios, GetParam());
  auto expected = trace_in(expectation_dir(GetParam()), GetParam());

  auto actual = to_trace(play(plan));

  auto found = compare(expected, actual, plan);
  EXPECT_FALSE(found.has_value()) << to_string(*found) << "\n"
                                  << to_text(actual);
}

std::vector<std::string> expressible() {
  auto names = names_in(scenarios);
  std::erase_if(names, [](auto& name) { return refusal_of(name).has_value(); });
  return names;
}

INSTANTIATE_TEST_SUITE_P(Conformance, EngineWorld,
                         testing::ValuesIn(expressible()),
                         [](auto& param) { return param.param; });

class Types : public testing::TestWithParam<std::string> {};

TEST_P(Types, RefuseWhatErlangFindsAtRunTime) {
  auto file = (scenarios / (GetParam() + ".json")).string();

  auto result = load_scenario(file);

  ASSERT_FALSE(result);
  auto error = result.error();
  EXPECT_TRUE(error.place);
  error.place.reset();
  EXPECT_EQ(to_string(error), file + ": " + *refusal_of(GetParam()));
}

std::vector<std::string> refused() {
  auto names = names_in(scenarios);
  std::erase_if(names, [](auto& name) { return !refusal_of(name); });
  return names;
}

INSTANTIATE_TEST_SUITE_P(Conformance, Types, testing::ValuesIn(refused()),
                         [](auto& param) { return param.param; });

} // namespace

} // namespace conformance_test
