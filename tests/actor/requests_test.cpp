// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/request.hpp"

#include "actor/directory.hpp"
#include "actor/virtual_time.hpp"
#include "support/actor_fixture.hpp"
#include "support/answers.hpp"
#include "support/errors.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <variant>

#include <gmock/gmock.h>

namespace requests_test {

using namespace coppice;
using namespace coppice::actor;
using coppice::supervision::child_state;
using coppice::supervision::done;
using coppice::supervision::exit_reason;
using coppice::supervision::flags;
using coppice::supervision::refusal;
using coppice::supervision::strategy;
using coppice::test::idle_actor;
using coppice::test::refusal_of;
using coppice::test::value;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

actor::child_spec idle(std::string id) {
  return {{.id = std::move(id)}, [](const start_args& args) -> start_result {
            return running{args.rt->system.spawn<idle_actor>()};
          }};
}

actor::child_spec failing(std::string id) {
  return {{.id = std::move(id)}, [](const start_args&) -> start_result {
            throw std::runtime_error("no luck");
          }};
}

class Requests : public test::actor_fixture {
protected:
  const caf::actor& start(flags settings,
                          std::vector<actor::child_spec> children) {
    auto result = tree_root::start(rt, "top", settings, std::move(children));
    EXPECT_TRUE(result) << test::error_of(result).message;
    root = std::move(result).value();
    return root->handle();
  }

  caf::actor start_dynamic(supervision::dynamic_flags settings = {},
                           std::any extra = {}) {
    start({}, {dynamic_supervisor("pool", settings, std::move(extra))});
    return rt->directory.find("top/pool")->handle;
  }

  void TearDown() override {
    if (!root)
      return;
    root->stop(exit_reason::shutdown());
    end_of(root->handle());
  }

  std::vector<std::string> ids_of(const caf::actor& sup) {
    std::vector<std::string> result;
    for (auto& info : value(which_children(sup)))
      result.push_back(info.id);
    return result;
  }

  std::unique_ptr<tree_root> root;
};

} // namespace

TEST_F(Requests, StartChildAddsAtTheEnd) {
  auto& top = start({}, {idle("a")});

  auto ref = value(start_child(top, idle("b")));

  EXPECT_TRUE(ref.child);
  EXPECT_THAT(ids_of(top), ElementsAre("b", "a"));
  EXPECT_EQ(rt->directory.find("top/b")->handle, ref.child);
}

TEST_F(Requests, StartChildNamesWhoIsThereAlready) {
  auto& top = start({}, {idle("a")});

  auto no = refusal_of(start_child(top, idle("a")));

  EXPECT_EQ(no.why, refusal::already_started);
  EXPECT_EQ(no.child, rt->directory.find("top/a")->handle);
}

TEST_F(Requests, StartChildSaysWhyItFailed) {
  auto& top = start({}, {});

  EXPECT_EQ(to_string(refusal_of(start_child(top, failing("a")))),
            "start_failed: no luck");
  EXPECT_THAT(ids_of(top), IsEmpty());
}

TEST_F(Requests, StartChildSaysWhatIsWrongWithASpecification) {
  auto& top = start({}, {});

  EXPECT_EQ(to_string(refusal_of(start_child(top, idle("")))),
            "invalid_spec: a child needs an id");
}

TEST_F(Requests, StartChildNeedsAStartFunction) {
  auto& top = start({}, {});

  auto no = refusal_of(start_child(top, {{.id = "a"}, nullptr}));

  EXPECT_EQ(no.why, refusal::invalid_spec);
  EXPECT_EQ(no.spec->code, "missing_start");
}

TEST_F(Requests, StartNeedsStartFunctions) {
  auto result = tree_root::start(rt, "top", {}, {{{.id = "a"}, nullptr}});

  EXPECT_EQ(test::error_of(result).message,
            "child \"a\" needs a start function");
}

TEST_F(Requests, StartChildTakesAnyShutdownThatIsNotNegative) {
  auto& top = start({}, {});
  auto none = idle("a");
  none.spec.shutdown
    = supervision::shutdown::within(std::chrono::milliseconds{0});
  auto one = idle("b");
  one.spec.shutdown
    = supervision::shutdown::within(std::chrono::milliseconds{1});

  EXPECT_TRUE(value(start_child(top, none)).child);
  EXPECT_TRUE(value(start_child(top, one)).child);
}

TEST_F(Requests, StartChildHandsInformationThrough) {
  auto& top = start({}, {});
  actor::child_spec spec{{.id = "a"}, [](const start_args& args) {
                           return start_result{running{
                             args.rt->system.spawn<idle_actor>(), "port 7"}};
                         }};

  EXPECT_EQ(value(start_child(top, spec)).info, "port 7");
}

TEST_F(Requests, StartChildTakesWhatIsThrownForReturned) {
  auto& top = start({}, {});
  auto throwing = [](std::string id, auto what) -> actor::child_spec {
    return {{.id = std::move(id)},
            [what](const start_args&) -> start_result { throw what; }};
  };
  auto child = system.spawn<idle_actor>();

  auto ref = value(start_child(top, throwing("a", running{child, "port 7"})));
  EXPECT_EQ(ref.child, child);
  EXPECT_EQ(ref.info, "port 7");
  EXPECT_FALSE(
    value(start_child(top, throwing("b", supervision::ignored{}))).child);
  EXPECT_FALSE(
    value(start_child(top, throwing("c", start_result{supervision::ignored{}})))
      .child);
  EXPECT_EQ(
    to_string(refusal_of(start_child(
      top, throwing(
             "d", supervision::start_failed{exit_reason::abnormal("boom")})))),
    "start_failed: boom");
  EXPECT_EQ(to_string(refusal_of(
              start_child(top, throwing("e", std::runtime_error("no luck"))))),
            "start_failed: no luck");
  EXPECT_EQ(refusal_of(start_child(top, throwing("f", running{}))).reason,
            exit_reason::abnormal("the start function gave a null handle"));
  EXPECT_THAT(ids_of(top), ElementsAre("c", "b", "a"));
}

TEST_F(Requests, GoThroughTheLifeOfASpecification) {
  auto& top = start({}, {idle("a")});

  EXPECT_EQ(refusal_of(restart_child(top, "a")).why, refusal::running);
  EXPECT_EQ(refusal_of(delete_child(top, "a")).why, refusal::running);
  value(terminate_child(top, "a"));
  EXPECT_EQ(value(which_children(top))[0].state, child_state::undefined);
  EXPECT_EQ(refusal_of(start_child(top, idle("a"))).why,
            refusal::already_present);
  EXPECT_TRUE(value(restart_child(top, "a")).child);
  value(terminate_child(top, "a"));
  value(delete_child(top, "a"));
  EXPECT_EQ(refusal_of(terminate_child(top, "a")).why, refusal::not_found);
  EXPECT_EQ(refusal_of(get_childspec(top, "a")).why, refusal::not_found);
}

TEST_F(Requests, TerminateChildIsDoneWhenTheChildIsDown) {
  auto& top = start({}, {idle("a")});
  auto child = rt->directory.find("top/a")->handle;

  value(terminate_child(top, "a"));

  EXPECT_TRUE(has_ended(child));
  EXPECT_EQ(end_of(child), exit_reason::shutdown());
}

TEST_F(Requests, OfAStaticSupervisorTakeNoHandles) {
  auto& top = start({}, {idle("a")});
  auto child = rt->directory.find("top/a")->handle;

  EXPECT_EQ(refusal_of(terminate_child(top, child)).why, refusal::not_found);
  EXPECT_EQ(refusal_of(get_childspec(top, child)).why, refusal::not_found);
}

TEST_F(Requests, CountAndDescribe) {
  auto& top = start({}, {idle("a"), supervisor_child("inner", {}, {})});

  auto counts = value(count_children(top));

  EXPECT_EQ(counts.specs, 2u);
  EXPECT_EQ(counts.active, 2u);
  EXPECT_EQ(counts.workers, 1u);
  EXPECT_EQ(counts.supervisors, 1u);
  EXPECT_EQ(value(get_childspec(top, "a")).id, "a");
}

TEST_F(Requests, ToADeadSupervisorAreRefused) {
  auto top = start({}, {idle("a")});
  root->stop(exit_reason::shutdown());
  end_of(top);

  EXPECT_EQ(refusal_of(which_children(top)).why, refusal::noproc);
  EXPECT_EQ(refusal_of(start_child(top, idle("b"))).why, refusal::noproc);
}

TEST_F(Requests, ThatAreUnansweredAtTheEndAreRefused) {
  // The supervisor waits for `slow` until it is killed.
  actor::child_spec slow{{.id = "slow"}, [](const start_args& args) {
                           return start_result{
                             starting{args.rt->system.spawn<idle_actor>()}};
                         }};
  auto top = start({}, {});
  auto first = start_child(top, slow);
  auto second = which_children(top);

  signal_kill(top);

  EXPECT_EQ(refusal_of(first).why, refusal::noproc);
  EXPECT_EQ(refusal_of(second).why, refusal::noproc);
}

TEST_F(Requests, CanBeAnsweredByACall) {
  auto& top = start({}, {idle("a")});
  std::promise<std::size_t> count;

  count_children(top).then([&](answer<supervision::child_counts> result) {
    count.set_value(result.value().specs);
  });

  EXPECT_EQ(count.get_future().get(), 1u);
}

// -- simple_one_for_one -------------------------------------------------------

namespace {

// Remembers the arguments of each start.
actor::child_spec recorded(std::vector<int>& log, std::mutex& mutex) {
  return {{.id = "w"}, [&](const start_args& args) -> start_result {
            std::lock_guard guard{mutex};
            log.push_back(args.arguments.has_value()
                            ? std::any_cast<int>(args.arguments)
                            : 0);
            return running{args.rt->system.spawn<idle_actor>()};
          }};
}

} // namespace

TEST_F(Requests, StartFromATemplateWithTheSameArgumentsAtARestart) {
  std::vector<int> log;
  std::mutex mutex;
  auto& top = start({.strategy = strategy::simple_one_for_one, .intensity = 5},
                    {recorded(log, mutex)});
  value(start_child(top));
  auto child = value(start_child(top, 7)).child;

  signal_exit(child, exit_reason::abnormal("boom"));
  end_of(child);
  EXPECT_TRUE(
    eventually([&] { return value(which_children(top))[0].child != child; }));

  std::lock_guard guard{mutex};
  EXPECT_THAT(log, ElementsAre(0, 7, 7));
}

TEST_F(Requests, KnowDynamicChildrenByTheirHandles) {
  auto& top = start({.strategy = strategy::simple_one_for_one}, {idle("w")});
  auto first = value(start_child(top)).child;
  auto second = value(start_child(top)).child;
  auto stranger = system.spawn<idle_actor>();

  value(terminate_child(top, first));

  EXPECT_TRUE(has_ended(first));
  value(terminate_child(top, first)); // dead: done
  EXPECT_EQ(refusal_of(terminate_child(top, stranger)).why, refusal::not_found);
  EXPECT_EQ(value(which_children(top))[0].child, second);
  EXPECT_EQ(value(get_childspec(top, second)).id, "w");
  EXPECT_EQ(value(get_childspec(top, first)).id, "w");
  EXPECT_EQ(refusal_of(get_childspec(top, stranger)).why, refusal::not_found);
  EXPECT_EQ(refusal_of(terminate_child(top, "w")).why,
            refusal::simple_one_for_one);
  signal_kill(stranger);
}

// -- dynamic_supervisor -------------------------------------------------------

TEST_F(Requests, ADynamicSupervisorTakesChildrenOfAllKinds) {
  auto pool = start_dynamic();

  auto first = value(start_child(pool, idle("w"))).child;
  value(start_child(pool, idle("w")));
  value(start_child(pool, supervisor_child("inner", {}, {idle("a")})));

  EXPECT_EQ(value(count_children(pool)).specs, 3u);
  EXPECT_EQ(value(count_children(pool)).supervisors, 1u);
  value(terminate_child(pool, first));
  EXPECT_EQ(refusal_of(terminate_child(pool, first)).why, refusal::not_found);
}

TEST_F(Requests, ADynamicSupervisorHasALimit) {
  auto pool = start_dynamic({.max_children = 1});
  value(start_child(pool, idle("a")));

  EXPECT_EQ(refusal_of(start_child(pool, idle("b"))).why,
            refusal::max_children);
}

TEST_F(Requests, ADynamicSupervisorGivesItsArgumentsToAllChildren) {
  std::vector<int> log;
  std::mutex mutex;
  auto pool = start_dynamic({}, 42);

  value(start_child(pool, recorded(log, mutex)));
  value(start_child(pool, recorded(log, mutex)));

  EXPECT_THAT(log, ElementsAre(42, 42));
}

TEST_F(Requests, ADynamicSupervisorRestartsWithItsArguments) {
  std::vector<int> log;
  std::mutex mutex;
  auto pool = start_dynamic({}, 42);
  auto child = value(start_child(pool, recorded(log, mutex))).child;

  signal_exit(child, exit_reason::abnormal("boom"));
  EXPECT_TRUE(eventually([&] {
    auto all = value(which_children(pool));
    return !all.empty() && all[0].child && all[0].child != child;
  }));

  std::lock_guard guard{mutex};
  EXPECT_THAT(log, ElementsAre(42, 42));
}

TEST_F(Requests, ADynamicSupervisorTakesEveryAnswerOfAStartFunction) {
  auto pool = start_dynamic();
  auto with = [](auto outcome) {
    return actor::child_spec{
      {.id = "a"}, [outcome](const start_args&) { return outcome(); }};
  };

  EXPECT_FALSE(value(start_child(pool, with([]() -> start_result {
                                   return supervision::ignored{};
                                 })))
                 .child);
  EXPECT_EQ(refusal_of(start_child(pool, with([]() -> start_result {
                                     return supervision::start_failed{
                                       exit_reason::abnormal("no")};
                                   })))
              .reason,
            exit_reason::abnormal("no"));
  EXPECT_EQ(refusal_of(start_child(pool, with([]() -> start_result {
                                     throw std::runtime_error("thrown");
                                   })))
              .reason,
            exit_reason::abnormal("thrown"));
  EXPECT_EQ(
    refusal_of(start_child(pool, with([]() -> start_result { throw 7; }))).why,
    refusal::start_failed);
  EXPECT_EQ(value(count_children(pool)).specs, 0u);
}

TEST_F(Requests, DynamicSupervisorsAreKnownByTheirIds) {
  start({}, {dynamic_supervisor("one"), dynamic_supervisor("two")});

  EXPECT_TRUE(rt->directory.find("top/one"));
  EXPECT_TRUE(rt->directory.find("top/two"));
}

TEST_F(Requests, ADynamicSupervisorSaysWhatIsWrongWithItsFlags) {
  auto error = [this](supervision::dynamic_flags settings) {
    return test::error_of(
             tree_root::start(rt, "top", {},
                              {dynamic_supervisor("pool", settings)}))
      .message;
  };

  EXPECT_THAT(error({.intensity = -1}), testing::HasSubstr("intensity"));
  EXPECT_THAT(error({.period = std::chrono::seconds{0}}),
              testing::HasSubstr("period"));
}

TEST_F(Requests, TheTreeShowsHowManyChildrenADynamicSupervisorHas) {
  auto pool = start_dynamic();
  auto child = value(start_child(pool, idle("w"))).child;
  value(start_child(pool, idle("w")));
  value(terminate_child(pool, child));

  auto view = rt->tree.look(std::chrono::steady_clock::now());

  EXPECT_EQ(view->children.at(0).members, 1);
  EXPECT_THAT(view->children.at(0).children, IsEmpty());
}

// -- beyond OTP ---------------------------------------------------------------

TEST_F(Requests, AStartFunctionThatTakesTooLongIsAFailedStart) {
  actor::child_spec slow{
    {.id = "slow", .ready_within = std::chrono::milliseconds{1}},
    [](const start_args& args) -> start_result {
      // The supervisor cannot look at its clock meanwhile.
      auto until
        = std::chrono::steady_clock::now() + std::chrono::milliseconds{30};
      while (std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
      return running{args.rt->system.spawn<idle_actor>()};
    }};
  auto& top = start({}, {});

  auto result = start_child(top, slow).get();

  // Whichever was first in the mailbox; the supervisor is well in any case.
  if (!result) {
    EXPECT_EQ(to_string(result.error()), "start_failed: not ready within 1 ms");
  }
  EXPECT_LE(value(count_children(top)).active, 1u);
}

TEST_F(Requests, ANullHandleIsAFailedStart) {
  auto& top = start({}, {});
  auto none = [](auto nobody) {
    return actor::child_spec{
      {.id = "a"},
      [nobody](const start_args&) -> start_result { return nobody; }};
  };

  EXPECT_EQ(to_string(refusal_of(start_child(top, none(running{})))),
            "start_failed: the start function gave a null handle");
  EXPECT_EQ(refusal_of(start_child(top, none(starting{}))).why,
            refusal::start_failed);
}

TEST_F(Requests, MistakesInNestedSupervisorsAreFoundBeforeAnythingStarts) {
  test::recorder log;
  actor::child_spec first{{.id = "first"},
                          [&](const start_args& args) -> start_result {
                            log.add("started");
                            return running{args.rt->system.spawn<idle_actor>()};
                          }};

  auto result = tree_root::start(
    rt, "top", {},
    {first, supervisor_child(
              "inner", {}, {supervisor_child("deep", {.intensity = -1}, {})})});

  ASSERT_FALSE(result);
  ASSERT_TRUE(result.error().spec);
  EXPECT_EQ(result.error().spec->field, "intensity");
  EXPECT_THAT(log.lines(), IsEmpty());
}

TEST_F(Requests, ADynamicSupervisorDecidesWhileItsChildrenGo) {
  // A restart that waits, its child terminated, both in one go.
  auto pool = start_dynamic({.intensity = 10});
  auto patient = idle("patient");
  patient.spec.backoff = supervision::backoff{};
  auto child = value(start_child(pool, patient)).child;
  std::promise<start_args> begun;
  actor::child_spec slow{{.id = "slow"},
                         [&](const start_args& args) -> start_result {
                           begun.set_value(args);
                           return starting{args.rt->system.spawn<idle_actor>()};
                         }};
  auto started = start_child(pool, slow);
  auto args = begun.get_future().get();
  signal_exit(child, exit_reason::abnormal("boom"));
  end_of(child);
  auto gone = terminate_child(pool, child);

  acknowledge_start(args, supervision::started{});

  value(started);
  EXPECT_TRUE(gone.get());
  EXPECT_EQ(value(count_children(pool)).specs, 1u);
}

TEST_F(Requests, AChildThatDoesNotGetReadyIsGivenUp) {
  actor::child_spec slow{
    {.id = "slow", .ready_within = std::chrono::milliseconds{20}},
    [](const start_args& args) {
      return start_result{starting{args.rt->system.spawn<idle_actor>()}};
    }};
  auto& top = start({}, {});

  EXPECT_EQ(to_string(refusal_of(start_child(top, slow))),
            "start_failed: not ready within 20 ms");
}

namespace {

// Sits in its handler until it is let go: no signal reaches it.
class hanging : public caf::event_based_actor {
public:
  hanging(caf::actor_config& cfg, std::shared_future<void> go,
          test::recorder& log)
      : caf::event_based_actor(cfg), go_(std::move(go)), log_(log) {
    // nop
  }

  caf::behavior make_behavior() override {
    log_.add("hangs");
    go_.wait();
    return {[](int) {}};
  }

private:
  std::shared_future<void> go_;
  test::recorder& log_;
};

} // namespace

TEST_F(Requests, AChildThatCannotBeKilledIsReplacedAndReported) {
  std::promise<void> go;
  test::recorder log;
  actor::child_spec stuck{
    {.id = "stuck", .progress_within = std::chrono::milliseconds{20}},
    [&,
     future = go.get_future().share()](const start_args& args) -> start_result {
      if (log.lines().empty())
        return running{
          args.rt->system.spawn<hanging, caf::detached>(future, log)};
      log.add("replaced");
      return running{args.rt->system.spawn<idle_actor>()};
    }};
  stuck.spec.shutdown = supervision::shutdown::brutal_kill();
  start({.kill_grace = std::chrono::milliseconds{20}}, {stuck});

  auto lines = log.wait_for(2);

  EXPECT_THAT(lines, ElementsAre("hangs", "replaced"));
  EXPECT_THAT(root->left_behind(), ElementsAre("top/stuck"));
  go.set_value();
  EXPECT_TRUE(eventually([&] { return root->left_behind().empty(); }));
}

TEST_F(Requests, AStopThatTakesLongSaysWhatItWaitsFor) {
  std::promise<void> go;
  test::recorder log;
  actor::child_spec stuck{
    {.id = "stuck"},
    [&,
     future = go.get_future().share()](const start_args& args) -> start_result {
      return running{
        args.rt->system.spawn<hanging, caf::detached>(future, log)};
    }};
  start({}, {supervisor_child("inner", {}, {stuck}), idle("other")});
  log.wait_for(1);

  root->stop(exit_reason::shutdown());
  EXPECT_TRUE(eventually([&] { return root->still_there().size() == 1; }));

  EXPECT_THAT(root->still_there(), ElementsAre("top/inner/stuck"));
  go.set_value();
}

TEST_F(Requests, AChildThatReportsProgressIsLeftAlone) {
  actor::child_spec busy{
    {.id = "busy", .progress_within = std::chrono::milliseconds{50}},
    [](const start_args& args) -> start_result {
      report_progress(args);
      return running{args.rt->system.spawn<idle_actor>()};
    }};
  start({.intensity = 0}, {busy});

  // No progress after that: the watchdog ends it, and so the tree.
  EXPECT_EQ(end_of(root->handle()), exit_reason::shutdown());
}

// -- which_child --------------------------------------------------------------

TEST_F(Requests, KnowOneChildByItsId) {
  auto& top = start({}, {idle("a"), supervisor_child("inner", {}, {})});

  auto info = value(which_child(top, "a"));

  EXPECT_EQ(info.id, "a");
  EXPECT_EQ(info.state, child_state::running);
  EXPECT_EQ(info.child, rt->directory.find("top/a")->handle);
  EXPECT_EQ(info.type, supervision::child_type::worker);
  EXPECT_EQ(value(which_child(top, "inner")).type,
            supervision::child_type::supervisor);
  value(terminate_child(top, "a"));
  EXPECT_EQ(value(which_child(top, "a")).state, child_state::undefined);
  EXPECT_FALSE(value(which_child(top, "a")).child);
  EXPECT_EQ(refusal_of(which_child(top, "x")).why, refusal::not_found);
  EXPECT_EQ(refusal_of(which_child(top, info.child)).why, refusal::not_found);
}

TEST_F(Requests, KnowOneDynamicChildByItsHandle) {
  auto& top = start({.strategy = strategy::simple_one_for_one}, {idle("w")});
  auto child = value(start_child(top)).child;
  auto stranger = system.spawn<idle_actor>();

  EXPECT_EQ(value(which_child(top, child)).child, child);
  EXPECT_EQ(value(which_child(top, child)).id, "");
  EXPECT_EQ(refusal_of(which_child(top, "w")).why, refusal::simple_one_for_one);
  EXPECT_EQ(refusal_of(which_child(top, stranger)).why, refusal::not_found);
  value(terminate_child(top, child));
  EXPECT_EQ(refusal_of(which_child(top, child)).why, refusal::not_found);
  signal_kill(stranger);
}

TEST_F(Requests, KnowARestartingDynamicChildByItsFormerHandle) {
  auto spec = idle("w");
  spec.spec.backoff = supervision::backoff{.initial = std::chrono::hours{1},
                                           .limit = std::chrono::hours{1}};
  auto& top
    = start({.strategy = strategy::simple_one_for_one, .intensity = 5}, {spec});
  auto child = value(start_child(top)).child;

  signal_exit(child, exit_reason::abnormal("boom"));

  EXPECT_TRUE(eventually([&] {
    return value(which_child(top, child)).state == child_state::restarting;
  }));
  EXPECT_FALSE(value(which_child(top, child)).child);
  EXPECT_EQ(value(which_children(top))[0].state, child_state::restarting);
}

TEST_F(Requests, RemoveChildLeavesNoSpecification) {
  auto& top = start({}, {idle("a"), idle("b")});
  auto child = rt->directory.find("top/a")->handle;

  value(remove_child(top, "a"));

  EXPECT_TRUE(has_ended(child));
  EXPECT_THAT(ids_of(top), ElementsAre("b"));
  EXPECT_EQ(refusal_of(remove_child(top, "a")).why, refusal::not_found);
}

// -- stop ---------------------------------------------------------------------

namespace {

// Does not mind a shutdown; ends when it gets a number.
class holdout : public pinned_actor {
public:
  using pinned_actor::pinned_actor;

  caf::behavior make_behavior() override {
    return trapping(*this, [](caf::exit_msg&) {}, {[this](int) { quit(); }});
  }
};

actor::child_spec holdout_child(std::string id) {
  return {{.id = std::move(id), .shutdown = supervision::shutdown::infinity()},
          [](const start_args& args) -> start_result {
            return running{args.rt->system.spawn<holdout>(args.rt->time)};
          }};
}

constexpr std::chrono::milliseconds a_moment{20};

} // namespace

TEST_F(Requests, StopIsDoneWhenTheSupervisorIsDown) {
  auto top = start({}, {idle("a")});
  auto child = rt->directory.find("top/a")->handle;

  value(stop(top));

  EXPECT_TRUE(has_ended(child));
  EXPECT_TRUE(has_ended(top));
  EXPECT_EQ(end_of(top), exit_reason::normal());
}

TEST_F(Requests, StopTakesAnyReason) {
  for (auto& reason : {exit_reason::shutdown(), exit_reason::shutdown("why"),
                       exit_reason::abnormal("boom"),
                       exit_reason::abnormal("kill"), exit_reason::killed()}) {
    auto top = start({}, {idle("a")});

    value(stop(top, reason));

    EXPECT_EQ(end_of(top), reason);
  }
}

TEST_F(Requests, StopOfADeadSupervisorIsRefused) {
  auto top = start({}, {});
  value(stop(top));

  EXPECT_EQ(refusal_of(stop(top)).why, refusal::noproc);
  EXPECT_EQ(refusal_of(stop({})).why, refusal::noproc);
}

TEST_F(Requests, StopWithAnotherReasonLearnsTheTrueOne) {
  auto& top = start({}, {holdout_child("a")});
  auto first = stop(top, exit_reason::shutdown());
  auto same = stop(top, exit_reason::shutdown());
  auto other = stop(top, exit_reason::abnormal("boom"));

  deliver(rt->directory.find("top/a")->handle, 1);

  value(first);
  value(same);
  EXPECT_EQ(to_string(refusal_of(other)), "ended: shutdown");
}

TEST_F(Requests, StopLearnsThatTheSupervisorWasKilled) {
  auto& top = start({}, {holdout_child("a")});
  auto child = rt->directory.find("top/a")->handle;
  auto answer = stop(top);

  signal_kill(top);

  EXPECT_EQ(to_string(refusal_of(answer)), "ended: killed");
  deliver(child, 1);
}

TEST_F(Requests, StopThatTakesTooLongIsRefusedAndGoesOn) {
  auto& top = start({}, {holdout_child("a")});

  EXPECT_EQ(refusal_of(stop(top, exit_reason::shutdown(), a_moment)).why,
            refusal::timeout);
  EXPECT_FALSE(has_ended(top));
  auto again = stop(top, exit_reason::shutdown(), std::chrono::hours{1});
  auto other = stop(top, exit_reason::normal(), std::chrono::hours{1});

  deliver(rt->directory.find("top/a")->handle, 1);

  value(again);
  EXPECT_EQ(refusal_of(other).reason, exit_reason::shutdown());
  EXPECT_EQ(end_of(top), exit_reason::shutdown());
}

TEST_F(Requests, StopWithoutAnyTimeIsRefusedAndGoesOn) {
  auto& top = start({}, {idle("a")});

  EXPECT_EQ(refusal_of(stop(top, exit_reason::normal(), a_moment * 0)).why,
            refusal::timeout);

  EXPECT_EQ(end_of(top), exit_reason::normal());
}

TEST_F(Requests, StopIsRefusedInTimeThoughAStartFunctionRuns) {
  std::promise<void> begun;
  std::promise<void> release;
  actor::child_spec slow{{.id = "slow"}, [&](const start_args&) {
                           begun.set_value();
                           release.get_future().wait();
                           return start_result{supervision::ignored{}};
                         }};
  auto& top = start({}, {});
  auto added = start_child(top, slow);
  begun.get_future().wait();

  EXPECT_EQ(refusal_of(stop(top, exit_reason::normal(), a_moment)).why,
            refusal::timeout);

  release.set_value();
  value(added); // it was asked for before
  EXPECT_EQ(end_of(top), exit_reason::normal());
}

TEST_F(Requests, StopOfANestedSupervisorIsAnEndLikeOthersToItsParent) {
  start({.intensity = 5}, {supervisor_child("inner", {}, {idle("a")})});
  auto inner = rt->directory.find("top/inner")->handle;

  value(stop(inner));

  EXPECT_TRUE(eventually([&] {
    auto next = rt->directory.find("top/inner");
    return next && next->handle != inner;
  }));
}

TEST_F(Requests, StopWaitsInVirtualTime) {
  virtual_time time{system};
  rt->time = &time;
  auto top = start({}, {holdout_child("a")});
  auto child = rt->directory.find("top/a")->handle;
  root.reset();

  auto answer = stop(top, exit_reason::shutdown(), std::chrono::minutes{1});
  time.advance(std::chrono::seconds{59});
  EXPECT_FALSE(answer.get_within(std::chrono::milliseconds{0}));
  time.advance(std::chrono::seconds{1});

  EXPECT_EQ(refusal_of(answer).why, refusal::timeout);
  deliver(child, 1);
  time.run();
  EXPECT_TRUE(has_ended(top));
}

// -- a child that stops its own supervisor ------------------------------------

namespace {

using stop_own = std::function<void(const caf::actor& supervisor)>;

// Does something to its supervisor when it gets a number.
class rebel : public caf::event_based_actor {
public:
  rebel(caf::actor_config& cfg, caf::actor supervisor, stop_own what)
      : caf::event_based_actor(cfg),
        supervisor_(caf::actor_cast<caf::weak_actor_ptr>(supervisor)),
        what_(std::move(what)) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {
      [this](int) { what_(caf::actor_cast<caf::actor>(supervisor_.lock())); }};
  }

private:
  caf::weak_actor_ptr supervisor_;
  stop_own what_;
};

actor::child_spec rebel_child(stop_own what) {
  return {{.id = "a"}, [what = std::move(what)](const start_args& args) {
            return start_result{
              running{args.rt->system.spawn<rebel>(args.supervisor, what)}};
          }};
}

} // namespace

TEST_F(Requests, StopMayBeAskedForByAChild) {
  test::recorder log;
  auto& top = start({}, {rebel_child([&](const caf::actor& supervisor) {
                      stop(supervisor, exit_reason::shutdown("enough"))
                        .then([&](const answer<done>& result) {
                          log.add(result ? "done" : "refused");
                        });
                    })});

  deliver(rt->directory.find("top/a")->handle, 1);

  EXPECT_EQ(end_of(top), exit_reason::shutdown("enough"));
  EXPECT_THAT(log.wait_for(1), ElementsAre("done"));
}

// In OTP it gets the signal if it traps exits; otherwise it has ended already.
TEST_F(Requests, StopKeepsAChildThatWaitsForItNoLongerThanItsLimit) {
  test::recorder log;
  auto& top = start({}, {rebel_child([&](const caf::actor& supervisor) {
                      log.add(to_string(refusal_of(
                        stop(supervisor, exit_reason::normal(), a_moment))));
                    })});

  deliver(rt->directory.find("top/a")->handle, 1);

  EXPECT_EQ(end_of(top), exit_reason::normal());
  EXPECT_THAT(log.wait_for(1), ElementsAre("timeout"));
}

// -- names of trees -----------------------------------------------------------

TEST_F(Requests, StartOfATreeThatRunsIsRefused) {
  auto& top = start({}, {idle("a")});

  auto again = tree_root::start(rt, "top", {}, {idle("b")});

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "already_started");
  EXPECT_EQ(again.error().already_started, top);
  EXPECT_FALSE(rt->directory.find("top/b"));
}

TEST_F(Requests, StartOfATreeThatStopsIsRefusedUntilItIsDown) {
  auto top = start({}, {holdout_child("a")});
  auto stopped = stop(top);

  EXPECT_EQ(test::error_of(tree_root::start(rt, "top", {}, {})).already_started,
            top);
  deliver(rt->directory.find("top/a")->handle, 1);
  value(stopped);

  EXPECT_NE(start({}, {idle("a")}), top);
}

TEST_F(Requests, StartOfATreeThatStartsIsRefused) {
  std::optional<tree_root::result> inner;
  auto spec = idle("a");
  auto real = spec.start;
  spec.start = [&, real](const start_args& args) {
    inner = tree_root::start(rt, "top", {}, {});
    return real(args);
  };

  start({}, {spec});

  ASSERT_TRUE(inner);
  ASSERT_FALSE(*inner);
  EXPECT_EQ(inner->error().message, "already_started");
  EXPECT_EQ(inner->error().already_started, caf::actor{});
}

TEST_F(Requests, StartOfATreeThatDidNotStartMayBeTriedAgain) {
  EXPECT_FALSE(tree_root::start(rt, "top", {}, {failing("a")}));

  start({}, {idle("a")});

  EXPECT_TRUE(rt->directory.find("top/a"));
}

} // namespace requests_test
