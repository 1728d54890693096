// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/partition_supervisor.hpp"

#include "actor/directory.hpp"
#include "support/actor_fixture.hpp"
#include "support/answers.hpp"
#include "support/errors.hpp"

#include <atomic>
#include <future>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>

namespace partition_supervisor_test {

using namespace coppice;
using namespace coppice::actor;
using coppice::supervision::child_state;
using coppice::supervision::child_type;
using coppice::supervision::exit_reason;
using coppice::supervision::refusal;
using coppice::supervision::strategy;
using coppice::test::idle_actor;
using coppice::test::refusal_of;
using coppice::test::value;
using testing::HasSubstr;

namespace {

class PartitionSupervisor : public test::actor_fixture {
protected:
  partition_supervisor::options options(std::size_t partitions = 3) {
    return {.id = "pool",
            .child =
              [this](std::size_t number) {
                made.add(std::to_string(number));
                return actor::child_spec{
                  {.id = "any"}, [](const start_args& args) -> start_result {
                    return running{args.rt->system.spawn<idle_actor>()};
                  }};
              },
            .partitions = partitions};
  }

  partition_supervisor& start(partition_supervisor::options how) {
    pool.emplace(std::move(how));
    auto result = tree_root::start(rt, "top", {}, {pool->spec()});
    error = test::error_of(result).message;
    root = std::move(result).value_or(nullptr);
    return *pool;
  }

  caf::actor at(const std::string& path) {
    auto found = rt->directory.find(path);
    return found ? found->handle : caf::actor{};
  }

  void stop() {
    root->stop(exit_reason::shutdown());
    end_of(root->handle());
    root.reset();
  }

  void TearDown() override {
    if (root)
      stop();
  }

  test::recorder made;
  std::optional<partition_supervisor> pool;
  std::unique_ptr<tree_root> root;
  std::string error;
};

} // namespace

TEST_F(PartitionSupervisor, UsesItsIdInTheTree) {
  start(options());

  EXPECT_TRUE(at("top/pool"));
}

TEST_F(PartitionSupervisor, StartsOneChildAPartitionAndFindsItByKey) {
  auto& p = start(options());

  EXPECT_EQ(p.partitions(), 3u);
  for (std::int64_t key = 0; key < 6; ++key)
    EXPECT_EQ(p.route(key), at("top/pool/" + std::to_string(key % 3)));
  EXPECT_EQ(p.route(-4), at("top/pool/1"));
}

TEST_F(PartitionSupervisor, SpreadsTextKeysButAlwaysAlike) {
  auto& p = start(options());
  std::set<caf::actor> hit;
  for (auto n = 0; n < 100; ++n) {
    auto key = "key " + std::to_string(n);
    EXPECT_EQ(p.route(key), p.route(key));
    hit.insert(p.route(key));
  }

  EXPECT_EQ(hit.size(), 3u);
}

TEST_F(PartitionSupervisor, TellsEachChildItsPartition) {
  start(options());

  EXPECT_EQ(made.lines(), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(PartitionSupervisor, DefaultsToOneForOneThreeRestartsAndAllThreads) {
  partition_supervisor::options how;

  EXPECT_EQ(how.flags.strategy, strategy::one_for_one);
  EXPECT_EQ(how.flags.intensity, 3);
  EXPECT_EQ(how.flags.period, std::chrono::seconds{5});
  EXPECT_EQ(how.partitions, partition_supervisor::default_partitions());
  EXPECT_GE(how.partitions, 1u);
}

TEST_F(PartitionSupervisor, SaysWhatIsWrongWithItsOptions) {
  auto field = [this](auto change) {
    auto how = options();
    change(how);
    return test::error_of(partition_supervisor::validate(how)).field;
  };

  EXPECT_EQ(field([](auto& how) { how.id.clear(); }), "id");
  EXPECT_EQ(field([](auto& how) { how.child = nullptr; }), "child");
  EXPECT_EQ(field([](auto& how) { how.partitions = 0; }), "partitions");
  EXPECT_EQ(field([](auto& how) {
              how.flags.auto_shutdown
                = supervision::auto_shutdown::any_significant;
            }),
            "flags.auto_shutdown");
  EXPECT_EQ(
    field([](auto& how) { how.flags.strategy = strategy::simple_one_for_one; }),
    "flags.strategy");
  EXPECT_EQ(field([](auto& how) { how.flags.intensity = -1; }), "intensity");
  EXPECT_TRUE(partition_supervisor::validate(options()));
}

TEST_F(PartitionSupervisor, DoesNotStartWithBadOptions) {
  start(options(0));

  EXPECT_FALSE(root);
  EXPECT_THAT(error, HasSubstr("at least one partition"));
}

TEST_F(PartitionSupervisor, IsGoneWithAllPartitionsWhenItHasStopped) {
  auto& p = start(options());
  std::vector<caf::actor> all{p.route(0), p.route(1), p.route(2)};

  value(terminate_child(root->handle(), "pool"));

  for (auto& child : all)
    EXPECT_TRUE(has_ended(child));
  EXPECT_FALSE(p.route(0));
}

TEST_F(PartitionSupervisor, RefusesBeforeItsStart) {
  partition_supervisor p{options()};

  EXPECT_EQ(p.partitions(), 0u);
  EXPECT_FALSE(p.route(0));
  EXPECT_FALSE(p.route("key"));
  EXPECT_EQ(refusal_of(p.resize(1)).why, refusal::noproc);
}

TEST_F(PartitionSupervisor, ShrinksFromTheEndAndGrowsAgain) {
  auto& p = start(options());
  auto first = p.route(0);

  value(p.resize(1));
  EXPECT_EQ(p.partitions(), 1u);
  EXPECT_EQ(p.route(5), first);
  EXPECT_FALSE(at("top/pool/2"));
  EXPECT_EQ(value(count_children(at("top/pool"))).active, 1u);

  value(p.resize(3));
  EXPECT_EQ(p.partitions(), 3u);
  EXPECT_EQ(p.route(0), first);
  EXPECT_EQ(p.route(2), at("top/pool/2"));
  EXPECT_TRUE(p.route(2));
}

TEST_F(PartitionSupervisor, EndsUpAtTheSizeThatWasAskedForLast) {
  auto& p = start(options());

  for (auto round = 0; round < 50; ++round) {
    auto first = p.resize(1);
    auto second = p.resize(3);
    auto third = p.resize(2);
    (void)first.get();
    (void)second.get();
    (void)third.get();

    EXPECT_EQ(p.partitions(), 2u);
    EXPECT_EQ(value(count_children(at("top/pool"))).active, 2u);
  }
}

TEST_F(PartitionSupervisor, MayBeAskedForTheSizeThatItHas) {
  auto& p = start(options());

  for (auto round = 0; round < 200; ++round)
    value(p.resize(3));

  EXPECT_EQ(p.partitions(), 3u);
}

TEST_F(PartitionSupervisor, FindsNothingWithoutPartitions) {
  auto& p = start(options());

  value(p.resize(0));

  EXPECT_EQ(p.partitions(), 0u);
  EXPECT_FALSE(p.route(0));
}

TEST_F(PartitionSupervisor, DoesNotGrowBeyondItsStart) {
  auto& p = start(options());

  auto no = refusal_of(p.resize(4));

  EXPECT_EQ(no.why, refusal::invalid_spec);
  EXPECT_EQ(no.spec->message, "there are 3 partitions at most");
  EXPECT_EQ(p.partitions(), 3u);
}

TEST_F(PartitionSupervisor, ListsPartitionsByTheirNumbers) {
  start(options());

  std::vector<std::string> ids;
  for (auto& info : value(which_children(at("top/pool"))))
    ids.push_back(info.id);

  EXPECT_THAT(ids, testing::ElementsAre("2", "1", "0"));
}

TEST_F(PartitionSupervisor, CountsWorkersAndSupervisors) {
  start(options());
  EXPECT_EQ(value(count_children(at("top/pool"))).workers, 3u);
  stop();

  start({.id = "pool",
         .child = [](std::size_t) { return supervisor_child("x", {}, {}); },
         .partitions = 2});
  EXPECT_EQ(value(count_children(at("top/pool"))).supervisors, 2u);
}

TEST_F(PartitionSupervisor, ReplacesACrashedPartition) {
  auto& p = start(options());
  auto victim = p.route(1);

  signal_kill(victim);
  end_of(victim);
  EXPECT_TRUE(eventually(
    [&] { return p.route(1) != caf::actor{} && p.route(1) != victim; }));
}

TEST_F(PartitionSupervisor, AnswersHowManyThereWere) {
  auto& p = start(options());

  EXPECT_EQ(value(p.resize(1)), 3u);
  EXPECT_EQ(value(p.resize(2)), 1u);
  EXPECT_EQ(value(p.resize(2)), 2u);
  EXPECT_EQ(value(p.resize(0)), 2u);
}

TEST_F(PartitionSupervisor, KeepsNoneOfThoseThatDidStartIfAnotherOneDoesNot) {
  auto broken = std::make_shared<std::atomic<bool>>(false);
  auto how = options();
  how.child = [broken](std::size_t number) {
    return actor::child_spec{
      {.id = "any"}, [=](const start_args& args) -> start_result {
        if (number == 2 && *broken)
          throw std::runtime_error("no luck");
        return running{args.rt->system.spawn<idle_actor>()};
      }};
  };
  auto& p = start(how);
  value(p.resize(1));

  *broken = true;
  EXPECT_EQ(refusal_of(p.resize(3)).why, refusal::start_failed);

  EXPECT_EQ(p.partitions(), 1u);
  EXPECT_EQ(value(count_children(at("top/pool"))).specs, 1u);
  *broken = false;
  EXPECT_EQ(value(p.resize(3)), 1u);
  EXPECT_EQ(p.partitions(), 3u);
  EXPECT_TRUE(p.route(2));
}

TEST_F(PartitionSupervisor, StartsAPartitionThatSomebodyStoppedMeanwhile) {
  auto go_on = std::make_shared<std::promise<void>>();
  auto may = go_on->get_future().share();
  auto how = options();
  how.child = [may](std::size_t number) {
    auto first = std::make_shared<std::atomic<bool>>(true);
    return actor::child_spec{
      {.id = "any"}, [=](const start_args& args) -> start_result {
        if (number == 1 && !first->exchange(false))
          may.wait_for(test::deadline);
        return running{args.rt->system.spawn<idle_actor>()};
      }};
  };
  auto& p = start(how);
  value(p.resize(1));

  // All of them before the first one has its answer.
  auto first = p.resize(2);
  auto stopped = terminate_child(at("top/pool"), "1");
  auto second = p.resize(2);
  go_on->set_value();

  value(first);
  value(stopped);
  value(second);
  EXPECT_EQ(p.partitions(), 2u);
  EXPECT_EQ(value(count_children(at("top/pool"))).active, 2u);
  EXPECT_TRUE(p.route(1));
}

namespace {

class PartitionGroup : public PartitionSupervisor,
                       public testing::WithParamInterface<strategy> {
protected:
  // All of them, unless they were taken away.
  void crash_the_first() {
    auto victim = pool->route(0);
    signal_exit(victim, exit_reason::abnormal("boom"));
    EXPECT_TRUE(eventually([&] {
      auto next = at("top/pool/0");
      return next && next != victim;
    }));
  }

  partition_supervisor& start_group() {
    auto how = options();
    how.flags.strategy = GetParam();
    return start(std::move(how));
  }

  std::size_t alive() {
    return value(count_children(at("top/pool"))).active;
  }
};

} // namespace

TEST_P(PartitionGroup, DoesNotBringBackWhatWasTakenAway) {
  auto& p = start_group();
  value(p.resize(1));

  crash_the_first();

  EXPECT_EQ(alive(), 1u);
  EXPECT_FALSE(at("top/pool/1"));
}

TEST_P(PartitionGroup, LeavesWhatWasAskedForAfterACrash) {
  auto& p = start_group();
  value(p.resize(1));
  crash_the_first();

  EXPECT_EQ(value(p.resize(2)), 1u);
  EXPECT_EQ(alive(), 2u);
  EXPECT_EQ(value(p.resize(1)), 2u);
  EXPECT_EQ(alive(), 1u);
}

TEST_P(PartitionGroup, LeavesNoneIfNoneWasAskedForAfterACrash) {
  auto& p = start_group();
  value(p.resize(1));
  crash_the_first();

  value(p.resize(0));

  EXPECT_EQ(alive(), 0u);
}

TEST_P(PartitionGroup, GrowsInTheOrderOfTheNumbers) {
  auto& p = start_group();
  value(p.resize(1));

  value(p.resize(3));

  std::vector<std::string> ids;
  for (auto& info : value(which_children(at("top/pool"))))
    ids.push_back(info.id);
  EXPECT_THAT(ids, testing::ElementsAre("2", "1", "0"));
}

INSTANTIATE_TEST_SUITE_P(Strategies, PartitionGroup,
                         testing::Values(strategy::one_for_all,
                                         strategy::rest_for_one),
                         [](auto& param) {
                           return std::string{to_string(param.param)};
                         });

} // namespace partition_supervisor_test
