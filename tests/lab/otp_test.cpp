// SPDX-License-Identifier: BSD-3-Clause

#include "otp_releases.hpp"

#include "lab/actor_world.hpp"
#include "lab/compare.hpp"
#include "lab/driver_session.hpp"
#include "lab/engine_world.hpp"
#include "lab/otp.hpp"
#include "lab/otp_driver.hpp"
#include "lab/random_scenario.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace otp_test {

using namespace coppice::lab;
using nlohmann::json;

namespace {

// Further mismatches are only counted.
constexpr std::size_t shrunk_at_most = 2;

const std::string script = COPPICE_OTP_DRIVER;

// How many scenarios, from which seed on: both by environment.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  auto* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

scenario parsed(const json& value) {
  auto result = read_scenario(value, value.value("name", "scenario"));
  if (!result)
    throw std::runtime_error{to_string(result.error())};
  return *std::move(result);
}

std::vector<json> read_all(const std::filesystem::path& dir) {
  std::vector<json> result;
  for (auto& name : names_in(dir))
    result.push_back(json::parse(std::ifstream{dir / (name + ".json")}));
  return result;
}

// What the comparison needs of a scenario that types may refuse.
scenario outline_of(const json& value) {
  scenario plan;
  plan.top.id = "top";
  plan.top.flags.strategy
    = value["supervisor"]["flags"]["strategy"] == "simple_one_for_one"
        ? coppice::supervision::strategy::simple_one_for_one
        : coppice::supervision::strategy::one_for_one;
  return plan;
}

// What each of our two worlds makes of a plan, by the world's name.
std::vector<std::pair<std::string, trace>>
in_both_worlds(const scenario& plan) {
  return {{"engine world", to_trace(play(plan))},
          {"actor world", to_trace(play_on_actors(plan))}};
}

// How many scenarios were the same, and how many were not played.
struct tally {
  std::size_t same = 0;
  std::size_t different = 0;
  std::size_t otherwise = 0; // of the same ones
  std::vector<std::string> skipped = {};
};

// "3 of 4 same, 1 skipped (which_child exists since 28)"
std::string in_words(const tally& sum) {
  auto result = std::to_string(sum.same) + " of "
                + std::to_string(sum.same + sum.different) + " same";
  if (sum.otherwise > 0)
    result += ", " + std::to_string(sum.otherwise)
              + " of them as the table of releases says";
  if (!sum.skipped.empty())
    result += ", " + std::to_string(sum.skipped.size()) + " skipped ("
              + sum.skipped.front() + ")";
  return result;
}

// What became of a scenario.
struct rendition {
  trace events;
  std::string skipped; // why, if it was
  std::string failed;  // the same

  bool played() const {
    return skipped.empty() && failed.empty();
  }
};

rendition rendition_of(driver_answer answer) {
  if (!answer)
    return {{}, {}, std::move(answer.error().message)};
  if (auto* skip = std::get_if<driver_skip>(&*answer))
    return {{}, skip->reason, {}};
  return {std::get<trace>(*std::move(answer)), {}, {}};
}

// An Erlang, by its place.
class Otp : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    auto found = find_erlang(GetParam());
    if (!found && GetParam().empty())
      GTEST_SKIP() << found.error();
    ASSERT_TRUE(found) << found.error();
    auto driver = otp_driver::create(*found, script);
    ASSERT_TRUE(driver) << driver.error();
    driver_ = *std::move(driver);
    session_.emplace(driver_->command());
    auto header = session_->header();
    ASSERT_TRUE(header) << header.error().message;
    release_ = release_in(header->version);
    player_ = header->name + " " + header->version;
  }

  void TearDown() override {
    if (!session_)
      return;
    auto end = session_->finish();
    EXPECT_TRUE(end) << end.error().message;
  }

  std::vector<rendition> play_all(const std::vector<json>& scenarios) {
    for (auto& each : scenarios)
      session_->give(each);
    std::vector<rendition> result;
    for (std::size_t i = 0; i < scenarios.size(); ++i)
      result.push_back(rendition_of(session_->next()));
    return result;
  }

  // One line for people, and for scripts/conformance.
  static void say(const std::string& line) {
    RecordProperty("said", line);
    std::cout << line << "\n";
  }

  std::optional<otp_difference> otherwise(const std::string& name) const {
    return otp_difference_of(name, release_);
  }

  // Counts one scenario that should leave each of those traces, if this release
  // does not do otherwise.
  void compare_one(const std::string& name, const rendition& otp,
                   std::vector<std::pair<std::string, trace>> expected,
                   const scenario& plan, tally& sum) {
    auto known = otherwise(name);
    if (!otp.skipped.empty() && known && known->trace.empty()) {
      sum.skipped.push_back(known->reason);
      return;
    }
    if (known)
      expected = {{"table of releases", trace_of(*known)}};
    if (!otp.played()) {
      ++sum.different;
      ADD_FAILURE() << name << ", " << player_ << ": " << otp.skipped
                    << otp.failed;
      return;
    }
    auto good = true;
    for (auto& [whose, events] : expected) {
      auto found = compare(events, otp.events, plan);
      EXPECT_FALSE(found) << name << ", " << player_ << ", " << whose << ": "
                          << (found ? to_string(*found) : "");
      good = good && !found;
    }
    ++(good ? sum.same : sum.different);
    sum.otherwise += good && known;
  }

  // Whether `compare_one` would find it the same.
  bool is_as_expected(const std::string& name, const rendition& otp,
                      std::vector<std::pair<std::string, trace>> expected,
                      const scenario& plan) const {
    auto known = otherwise(name);
    if (!otp.played())
      return !otp.skipped.empty() && known && known->trace.empty();
    if (known)
      expected = {{"table of releases", trace_of(*known)}};
    return std::ranges::none_of(expected, [&](auto& each) {
      return compare(each.second, otp.events, plan).has_value();
    });
  }

  // Erlang plays by the computer's clock. Where a busy machine holds it up for
  // longer than a pause of the scenario, it plays another one: what differs is
  // played again, alone, and counts as it is then. Returns how many they were,
  // in words.
  std::string play_again(const std::vector<json>& scenarios,
                         std::vector<rendition>& all,
                         const std::function<bool(std::size_t)>& is_good) {
    auto count = 0;
    for (std::size_t i = 0; i < scenarios.size(); ++i)
      if (!is_good(i)) {
        all[i] = play_all({scenarios[i]}).front();
        ++count;
      }
    return count == 0 ? "" : ", " + std::to_string(count) + " played again";
  }

  // The smallest scenario that `value` can be made into that still differs.
  json shrink(json value) {
    for (;;) {
      auto candidates = smaller(value);
      auto all = play_all(candidates);
      auto i = candidates.size();
      for (std::size_t k = 0; k < candidates.size() && i == candidates.size();
           ++k)
        if (difference_to(all[k], candidates[k]))
          i = k;
      if (i == candidates.size())
        return value;
      value = candidates[i];
    }
  }

  static std::optional<difference> difference_to(const rendition& otp,
                                                 const json& value) {
    auto plan = parsed(value);
    return compare(otp.events, to_trace(play(plan)), plan);
  }

  std::unique_ptr<otp_driver> driver_;
  std::optional<driver_session> session_;
  std::string player_; // name and version
  int release_ = 0;
};

TEST_P(Otp, DriverLeavesTheTracesThatWereRecorded) {
  auto dir = conformance_dir() / "scenarios";
  auto scenarios = read_all(dir);
  auto names = names_in(dir);

  auto expected_of = [&](std::size_t i) {
    return std::vector{
      std::pair{std::string{"recorded"},
                trace_in(conformance_dir() / "golden", names[i])}};
  };

  auto all = play_all(scenarios);
  auto again = play_again(scenarios, all, [&](auto i) {
    return is_as_expected(names[i], all[i], expected_of(i),
                          outline_of(scenarios[i]));
  });

  tally sum;
  for (std::size_t i = 0; i < names.size(); ++i)
    compare_one(names[i], all[i], expected_of(i), outline_of(scenarios[i]),
                sum);
  say("binding scenarios, our driver on " + player_ + ": " + in_words(sum)
      + again);
}

TEST_P(Otp, DiffersFromCoppiceOnlyWhereADeviationSaysSo) {
  auto dir = conformance_dir() / "scenarios";
  std::vector<json> scenarios;
  for (auto& value : read_all(dir))
    if (!refusal_of(value["name"]))
      scenarios.push_back(value);

  auto is_same_here = [&](const std::string& name) {
    auto known = otherwise(name);
    return expectation_dir(name).filename() != "deviations"
           || (known && known->trace.starts_with("deviations/"));
  };

  auto all = play_all(scenarios);
  auto again = play_again(scenarios, all, [&](auto i) {
    if (!all[i].failed.empty())
      return false;
    auto plan = parsed(scenarios[i]);
    return std::ranges::all_of(in_both_worlds(plan), [&](auto& each) {
      return !compare(all[i].events, each.second, plan)
             == is_same_here(plan.name);
    });
  });

  tally sum;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    std::string name = scenarios[i]["name"];
    if (!all[i].failed.empty()) {
      ADD_FAILURE() << name << ", " << player_ << ": " << all[i].failed;
      continue;
    }
    auto plan = parsed(scenarios[i]);
    auto same = true;
    for (auto& [world, events] : in_both_worlds(plan)) {
      auto found = compare(all[i].events, events, plan);
      EXPECT_EQ(!found, is_same_here(name))
        << name << ", " << player_ << ", " << world << ": "
        << (found ? to_string(*found) : "the same");
      same = same && !found;
    }
    ++(same ? sum.same : sum.different);
  }
  say("binding scenarios, both worlds and " + player_ + ": "
      + std::to_string(sum.same) + " of " + std::to_string(scenarios.size())
      + " same, " + std::to_string(sum.different) + " deviate as documented"
      + again);
}

TEST_P(Otp, LeavesOurTraceOfOurOwnScenarios) {
  auto scenarios = read_all(conformance_dir() / "own");

  auto all = play_all(scenarios);
  auto again = play_again(scenarios, all, [&](auto i) {
    auto plan = parsed(scenarios[i]);
    return is_as_expected(plan.name, all[i], in_both_worlds(plan), plan);
  });

  tally sum;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    auto plan = parsed(scenarios[i]);
    compare_one(plan.name, all[i], in_both_worlds(plan), plan, sum);
  }
  say("own scenarios, both worlds and " + player_ + ": " + in_words(sum)
      + again);
}

TEST_P(Otp, LeavesOurTraceOfRandomScenarios) {
  auto count = from_environment("COPPICE_RANDOM_SCENARIOS", 200);
  auto seed = from_environment("COPPICE_SEED", 1);
  std::vector<json> scenarios;
  for (auto i = seed; i < seed + count; ++i)
    scenarios.push_back(random_scenario(i, release_));

  auto all = play_all(scenarios);

  tally sum;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    auto seen = difference_to(all[i], scenarios[i]);
    ++(seen ? sum.different : sum.same);
    if (!seen || sum.different > shrunk_at_most)
      continue;
    auto small = shrink(scenarios[i]);
    auto file = "mismatch_" + std::to_string(seed + i) + ".json";
    std::ofstream{file} << small.dump(1) << "\n";
    auto found = difference_to(play_all({small})[0], small);
    ADD_FAILURE() << "seed " << seed + i << " on " << player_ << ", shrunk to "
                  << file << ": "
                  << (found ? to_string(*found)
                            : "differs now and then, seen: " + to_string(*seen))
                  << "\n"
                  << small.dump();
  }
  say("random scenarios from seed " + std::to_string(seed)
      + ", engine world and " + player_ + ": " + in_words(sum));
  EXPECT_EQ(sum.different, 0u);
}

// "host" for the one in PATH, else the last folder.
std::string name_of(const testing::TestParamInfo<std::string>& place) {
  if (place.param.empty())
    return "host";
  auto name = std::filesystem::path{place.param + "/"}
                .parent_path()
                .filename()
                .string();
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0)
      c = '_';
  return name + "_" + std::to_string(place.index);
}

INSTANTIATE_TEST_SUITE_P(Installed, Otp, testing::ValuesIn(otp_places()),
                         name_of);

// -- the table ----------------------------------------------------------------

TEST(OtpReleases, TableGivesReasonsForWhatDiffersFromWhatWasRecorded) {
  std::set<std::string> names;
  for (auto* dir : {"scenarios", "own"})
    for (auto& name : names_in(conformance_dir() / dir))
      names.insert(name);
  for (auto& line : otp_differences()) {
    SCOPED_TRACE(line.scenario);

    EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](auto& name) {
      return matches(line.scenario, name);
    }));
    EXPECT_NE(line.reason, "");
    EXPECT_TRUE(line.since > 0 || line.until < INT_MAX);
    auto own = conformance_dir() / "own" / (line.scenario + ".json");
    if (std::filesystem::exists(own)) {
      auto plan = scenario_in(own.parent_path(), line.scenario);
      EXPECT_TRUE(compare(trace_of(line), to_trace(play(plan)), plan));
      continue;
    }
    auto golden = conformance_dir() / "golden" / (line.scenario + ".jsonl");
    if (std::filesystem::exists(golden)) {
      EXPECT_NE(to_text(trace_of(line)),
                to_text(trace_in(golden.parent_path(), line.scenario)));
    }
  }
}

TEST(OtpReleases, KnowWhichReleasePlayed) {
  EXPECT_EQ(release_in("Erlang/OTP 27.3.4.1"), 27);
  EXPECT_EQ(release_in("Erlang/OTP 25"), 25);
  EXPECT_EQ(release_in(""), 0);
}

} // namespace

} // namespace otp_test
