#include "conformance_files.hpp"

#include "coppice/lab/compare.hpp"
#include "coppice/lab/engine_world.hpp"
#include "coppice/lab/otp.hpp"
#include "coppice/lab/random_scenario.hpp"

#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

namespace otp_test {

using namespace coppice::lab;
using nlohmann::json;

namespace {

// Further mismatches are only counted.
constexpr std::size_t shrunk_at_most = 2;

const std::string driver = COPPICE_OTP_DRIVER;

// How many scenarios, from which seed on: both by environment.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  auto* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

scenario parsed(const json& value) {
  auto result = read_scenario(value, value.value("name", "scenario"));
  if (auto* err = std::get_if<scenario_error>(&result))
    throw std::runtime_error{to_string(*err)};
  return std::get<scenario>(std::move(result));
}

std::vector<trace> otp_traces(const std::vector<json>& scenarios) {
  auto result = play_on_otp(scenarios, driver);
  if (auto* err = std::get_if<otp_error>(&result))
    throw std::runtime_error{err->message};
  return std::get<std::vector<trace>>(std::move(result));
}

std::optional<difference> difference_to(const trace& otp, const json& value) {
  auto plan = parsed(value);
  return compare(otp, to_trace(play(plan)), plan);
}

// The smallest scenario that `value` can be made into that still differs.
json shrink(json value) {
  for (;;) {
    auto candidates = smaller(value);
    auto traces = otp_traces(candidates);
    auto i = candidates.size();
    for (std::size_t k = 0; k < candidates.size() && i == candidates.size();
         ++k)
      if (difference_to(traces[k], candidates[k]))
        i = k;
    if (i == candidates.size())
      return value;
    value = candidates[i];
  }
}

// One line that scripts/conformance reads.
void sum_up(const std::string& what, std::size_t count, std::size_t different) {
  std::cout << what << ": " << count - different << " of " << count
            << " same\n";
}

class Otp : public testing::Test {
protected:
  void SetUp() override {
    if (!otp_installed())
      GTEST_SKIP() << how_to_install_otp();
  }

  std::vector<json> read(const std::filesystem::path& dir) {
    std::vector<json> result;
    for (auto& name : names_in(dir))
      result.push_back(json::parse(std::ifstream{dir / (name + ".json")}));
    return result;
  }
};

TEST_F(Otp, DriverLeavesTheTracesThatWereRecorded) {
  auto scenarios = read(conformance_dir() / "scenarios");
  auto names = names_in(conformance_dir() / "scenarios");

  auto traces = otp_traces(scenarios);

  std::size_t different = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    // What the comparison needs of a scenario, other files have it, too.
    scenario plan;
    plan.top.id = "top";
    plan.top.flags.strategy
      = scenarios[i]["supervisor"]["flags"]["strategy"] == "simple_one_for_one"
          ? coppice::supervision::strategy::simple_one_for_one
          : coppice::supervision::strategy::one_for_one;
    auto found = compare(trace_in(conformance_dir() / "golden", names[i]),
                         traces[i], plan);
    different += found.has_value();
    EXPECT_FALSE(found.has_value()) << names[i] << ": " << to_string(*found);
  }
  sum_up("binding scenarios, our driver", names.size(), different);
}

TEST_F(Otp, LeavesOurTraceOfOurOwnScenarios) {
  auto scenarios = read(conformance_dir() / "own");

  auto traces = otp_traces(scenarios);

  std::size_t different = 0;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    auto found = difference_to(traces[i], scenarios[i]);
    different += found.has_value();
    EXPECT_FALSE(found.has_value())
      << scenarios[i]["name"] << ": " << to_string(*found);
  }
  sum_up("own scenarios", scenarios.size(), different);
}

TEST_F(Otp, LeavesOurTraceOfRandomScenarios) {
  auto count = from_environment("COPPICE_RANDOM_SCENARIOS", 200);
  auto seed = from_environment("COPPICE_SEED", 1);
  std::vector<json> scenarios;
  for (auto i = seed; i < seed + count; ++i)
    scenarios.push_back(random_scenario(i));

  auto traces = otp_traces(scenarios);

  std::size_t different = 0;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    if (!difference_to(traces[i], scenarios[i]) || ++different > shrunk_at_most)
      continue;
    auto small = shrink(scenarios[i]);
    auto file = "mismatch_" + std::to_string(seed + i) + ".json";
    std::ofstream{file} << small.dump(1) << "\n";
    auto found = difference_to(otp_traces({small})[0], small);
    ADD_FAILURE() << "seed " << seed + i << ", shrunk to " << file << ": "
                  << (found ? to_string(*found) : "differs now and then")
                  << "\n"
                  << small.dump();
  }
  sum_up("random scenarios from seed " + std::to_string(seed), count,
         different);
  EXPECT_EQ(different, 0u);
}

} // namespace

} // namespace otp_test
