// SPDX-License-Identifier: BSD-3-Clause

#include "conformance_files.hpp"
#include "lab/actor_world.hpp"
#include "supervision/promises.hpp"

#include "lab/compare.hpp"
#include "lab/engine_world.hpp"
#include "lab/random_scenario.hpp"

#include <cstdlib>
#include <iostream>
#include <map>

#include <gtest/gtest.h>

namespace actor_world_test {

using namespace coppice;
using namespace coppice::lab;

namespace {

const auto scenarios = conformance_dir() / "scenarios";
const auto own = conformance_dir() / "own";

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  auto* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

scenario made_from(std::uint64_t seed) {
  return read_scenario(random_scenario(seed), std::to_string(seed)).value();
}

bool expect_trace(const trace& expected, const scenario& plan) {
  auto actual = to_trace(play_on_actors(plan));

  auto found = compare(expected, actual, plan);
  EXPECT_FALSE(found.has_value()) << to_string(*found) << "\n"
                                  << to_text(actual);
  return !found.has_value();
}

// One line that scripts/conformance reads.
void sum_up(const char* what, std::uint64_t good, std::uint64_t count) {
  std::cout << what << ": " << good << " of " << count << " good\n";
}

class ActorWorld : public testing::TestWithParam<std::string> {};

TEST_P(ActorWorld, LeavesTheTraceOfErlang) {
  auto plan = scenario_in(scenarios, GetParam());

  expect_trace(trace_in(expectation_dir(GetParam()), GetParam()), plan);
}

std::vector<std::string> expressible() {
  auto names = names_in(scenarios);
  std::erase_if(names, [](auto& name) { return refusal_of(name).has_value(); });
  return names;
}

INSTANTIATE_TEST_SUITE_P(Conformance, ActorWorld,
                         testing::ValuesIn(expressible()),
                         [](auto& param) { return param.param; });

// Those are compared with Erlang in the engine world.
class ActorWorldOwn : public testing::TestWithParam<std::string> {};

TEST_P(ActorWorldOwn, LeavesTheTraceOfTheEngine) {
  auto plan = scenario_in(own, GetParam());

  expect_trace(to_trace(play(plan)), plan);
}

INSTANTIATE_TEST_SUITE_P(Conformance, ActorWorldOwn,
                         testing::ValuesIn(names_in(own)),
                         [](auto& param) { return param.param; });

TEST(ActorWorldRandom, LeavesTheTraceOfTheEngine) {
  auto count = from_environment("COPPICE_RANDOM_SCENARIOS", 200);
  std::uint64_t same = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto plan = made_from(seed);
    same += expect_trace(to_trace(play(plan)), plan);
  }
  sum_up("random scenarios", same, count);
}

// -- shuffled -----------------------------------------------------------------

// One engine's promises for each supervisor that ever lived.
class promise_keeper {
public:
  void on(const actor::supervisor& who, const supervision::command& cmd,
          supervision::time_point now) {
    auto& sup = who.machine();
    auto known = kept_.find(who.id());
    if (known == kept_.end()) {
      std::vector<supervision::child_key> keys;
      for (auto& [key, _] : sup.children())
        keys.push_back(key);
      known
        = kept_.emplace(who.id(), promises{sup.settings(), sup.dynamic(), keys})
            .first;
    }
    known->second.on(cmd, now);
  }

  void check_idle(const actor_world& world) {
    for (auto* sup : world.supervisors()) {
      auto known = kept_.find(sup->id());
      if (known == kept_.end())
        continue;
      auto& kept = known->second;
      kept.expect(sup->machine().idle(), "who is told all waits for nothing");
      for (auto& [instance, _] : kept.running())
        kept.expect(world.lives(*sup, instance), "no lost child");
      for (auto& [_, c] : sup->machine().children())
        if (c.state == supervision::child_state::running)
          kept.expect(kept.running().contains(c.instance), "no lost child");
    }
  }

  std::string broken() const {
    for (auto& [_, kept] : kept_)
      if (!kept.broken.empty())
        return kept.broken;
    return {};
  }

private:
  std::map<caf::actor_id, promises> kept_;
};

TEST(Shuffled, SupervisorsKeepTheirPromisesWhateverRunsNext) {
  auto count = from_environment("COPPICE_SHUFFLES", 500);
  std::uint64_t good = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    auto plan = std::make_shared<const scenario>(made_from(seed));
    promise_keeper keeper;
    actor_world world{plan, seed};
    world.watch(
      [&](auto& who, auto& cmd, auto now) { keeper.on(who, cmd, now); });

    for (auto& next : plan->steps) {
      world.play(next);
      keeper.check_idle(world);
    }

    EXPECT_EQ(keeper.broken(), "") << "seed " << seed;
    good += keeper.broken().empty();
  }
  sum_up("shuffled orders", good, count);
}

TEST(Shuffled, TheSameSeedIsTheSameRun) {
  auto run = [](std::uint64_t seed) {
    auto plan = std::make_shared<const scenario>(made_from(7));
    actor_world world{plan, seed};
    for (auto& next : plan->steps)
      world.play(next);
    return to_text(to_trace(world.moments()));
  };

  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(run(seed), run(seed));
}

} // namespace

} // namespace actor_world_test
