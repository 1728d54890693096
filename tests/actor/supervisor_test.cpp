// SPDX-License-Identifier: BSD-3-Clause

#include "support/actor_fixture.hpp"
#include "support/errors.hpp"

#include "actor/directory.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace supervisor_test {

using namespace coppice;
using namespace coppice::actor;
using namespace coppice::supervision;
using coppice::test::deadline;
using coppice::test::recorder;

namespace {

// Reports its start and its end; crashes on demand.
class worker : public caf::event_based_actor {
public:
  worker(caf::actor_config& cfg, recorder& log, std::string id)
      : caf::event_based_actor(cfg), log_(log), id_(std::move(id)) {
    log_.add("start " + id_);
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return {[](const std::string& text) { throw std::runtime_error(text); }};
  }

  void on_exit() override {
    log_.add("end " + id_);
  }

private:
  recorder& log_;
  std::string id_;
};

// Ignores every exit signal but a kill.
class stubborn : public worker {
public:
  using worker::worker;

  caf::behavior make_behavior() override {
    return trapping(
      *this, [](caf::exit_msg&) {},
      caf::message_handler{[](const std::string&) {}});
  }
};

class SupervisorActor : public test::actor_fixture {
protected:
  template <class T = worker>
  actor::child_spec child(std::string id) {
    return {{.id = id}, [this, id](const start_args& args) -> start_result {
              return running{args.rt->system.spawn<T>(log, id)};
            }};
  }

  std::unique_ptr<tree_root> start(flags settings,
                                   std::vector<actor::child_spec> children) {
    auto result = tree_root::start(rt, "top", settings, std::move(children));
    error = test::error_of(result).message;
    return std::move(result).value_or(nullptr);
  }

  void crash(std::string_view path, std::string text) {
    auto found = rt->directory.find(path);
    ASSERT_TRUE(found) << path;
    deliver(found->handle, std::move(text));
  }

  exit_reason stop(tree_root& root) {
    root.stop(exit_reason::shutdown());
    return end_of(root.handle());
  }

  using lines = std::vector<std::string>;

  recorder log;
  std::string error;
};

} // namespace

TEST_F(SupervisorActor, StartsChildrenInOrderAndStopsThemInReverse) {
  auto root = start({}, {child("a"), child("b"), child("c")});
  ASSERT_TRUE(root) << error;

  EXPECT_EQ(stop(*root), exit_reason::shutdown());
  EXPECT_EQ(log.wait_for(6), (lines{"start a", "start b", "start c", "end c",
                                    "end b", "end a"}));
}

TEST_F(SupervisorActor, RestartsACrashedChildAlone) {
  auto root = start({}, {child("a"), child("b")});
  log.wait_for(2);

  crash("top/a", "boom");

  EXPECT_EQ(log.wait_for(4), (lines{"start a", "start b", "end a", "start a"}));
  stop(*root);
}

TEST_F(SupervisorActor, RestartsTheRestForOne) {
  auto root = start({.strategy = strategy::rest_for_one},
                    {child("a"), child("b"), child("c")});
  log.wait_for(3);

  crash("top/b", "boom");

  auto got = log.wait_for(7);
  EXPECT_EQ(lines(got.begin() + 3, got.end()),
            (lines{"end b", "end c", "start b", "start c"}));
  stop(*root);
}

TEST_F(SupervisorActor, NamesEveryIncarnationAndTheCauseOfARestart) {
  auto root = start({.intensity = 3}, {child("a")});
  crash("top/a", "boom");
  log.wait_for(3);

  stop(*root);

  auto events = new_events();
  auto decision = std::find_if(events.begin(), events.end(), [](auto& ev) {
    return ev.kind == observe::event_kind::restarting;
  });
  ASSERT_NE(decision, events.end());
  EXPECT_EQ(describe(*decision), "top/a restarting: permanent, exit \"boom\", "
                                 "1 of 3 restarts in 5 s used");
  EXPECT_EQ(events[decision->cause - 1].reason, "boom");
  EXPECT_EQ(std::next(decision)->kind, observe::event_kind::child_restarted);
  EXPECT_EQ(std::next(decision)->incarnation, 2U);
}

TEST_F(SupervisorActor, NamesNotTooManyChildrenInAnEvent) {
  std::vector<actor::child_spec> children;
  for (auto n = 0; n < 20; ++n)
    children.push_back(child("c" + std::to_string(n)));
  auto root = start({.strategy = strategy::one_for_all}, std::move(children));
  (void)new_events();
  crash("top/c3", "boom");
  log.wait_for(60);

  stop(*root);

  std::string told;
  for (auto& ev : new_events())
    if (ev.kind == observe::event_kind::restarting)
      told = ev.detail;
  EXPECT_NE(told.find(" c15 and 4 more, 1 of 1 "), std::string::npos) << told;
}

TEST_F(SupervisorActor, GivesUpWhenTheBudgetIsExceeded) {
  auto root = start({.intensity = 0}, {child("a"), child("b")});

  crash("top/b", "boom");

  EXPECT_EQ(end_of(root->handle()), exit_reason::shutdown());
  EXPECT_EQ(log.wait_for(4), (lines{"start a", "start b", "end b", "end a"}));
}

TEST_F(SupervisorActor, AChildThatDoesNotStopInTimeIsKilled) {
  auto slow = child<stubborn>("slow");
  slow.spec.shutdown = shutdown::within(std::chrono::milliseconds{20});
  auto root = start({}, {slow});

  EXPECT_EQ(stop(*root), exit_reason::shutdown());
  EXPECT_EQ(log.wait_for(2), (lines{"start slow", "end slow"}));
}

TEST_F(SupervisorActor, BrutalKillDoesNotAsk) {
  auto slow = child<stubborn>("slow");
  slow.spec.shutdown = shutdown::brutal_kill();
  auto root = start({}, {slow});

  EXPECT_EQ(stop(*root), exit_reason::shutdown());
}

TEST_F(SupervisorActor, ANestedSupervisorIsUpWhenItsSubtreeIs) {
  auto root
    = start({}, {child("first"),
                 supervisor_child("inner", {}, {child("a"), child("b")}),
                 child("last")});
  ASSERT_TRUE(root) << error;

  EXPECT_EQ(log.wait_for(4),
            (lines{"start first", "start a", "start b", "start last"}));
  stop(*root);
  auto got = log.wait_for(8);
  EXPECT_EQ(lines(got.begin() + 4, got.end()),
            (lines{"end last", "end b", "end a", "end first"}));
}

TEST_F(SupervisorActor, AFailedStartStopsWhatIsUpAndSaysWhy) {
  actor::child_spec bad{{.id = "bad"}, [](const start_args&) -> start_result {
                          throw std::runtime_error("no luck");
                        }};

  auto root
    = start({}, {child("a"), supervisor_child("inner", {}, {child("b"), bad})});

  EXPECT_FALSE(root);
  EXPECT_EQ(error, "{shutdown,{failed_to_start_child,inner,{shutdown,"
                   "{failed_to_start_child,bad,no luck}}}}");
  EXPECT_EQ(log.wait_for(4), (lines{"start a", "start b", "end b", "end a"}));
}

TEST_F(SupervisorActor, AChildThatDiesBeforeItAcknowledgesHasNotStarted) {
  actor::child_spec bad{
    {.id = "bad"}, [this](const start_args& args) -> start_result {
      auto child = args.rt->system.spawn<worker>(log, "bad");
      deliver(child, std::string{"too early"});
      return starting{child};
    }};

  EXPECT_FALSE(start({}, {bad}));
  EXPECT_EQ(error, "{shutdown,{failed_to_start_child,bad,too early}}");
}

TEST_F(SupervisorActor, AnIgnoredChildIsNoFailure) {
  actor::child_spec none{{.id = "none"}, [](const start_args&) -> start_result {
                           return ignored{};
                         }};
  auto root = start({}, {none, child("a")});

  EXPECT_TRUE(root) << error;
  EXPECT_FALSE(rt->directory.find("top/none"));
  stop(*root);
}

TEST_F(SupervisorActor, BadSpecificationsAreRefusedWithTheFieldNamed) {
  EXPECT_FALSE(start({}, {child("a"), child("a")}));
  EXPECT_EQ(error, "two children are called \"a\"");
  EXPECT_FALSE(start({.intensity = -1}, {}));
  EXPECT_EQ(error, "intensity must be between 0 and 4294967295, not -1");
}

// CAF trap: a killed actor that is linked would take a trapping peer along.
TEST_F(SupervisorActor, SurvivesTheKillOfAChild) {
  auto root = start({}, {child("a")});
  log.wait_for(1);

  EXPECT_TRUE(actor::crash(*rt, "top/a", {}));

  EXPECT_EQ(log.wait_for(3), (lines{"start a", "end a", "start a"}));
  EXPECT_EQ(stop(*root), exit_reason::shutdown());
}

TEST_F(SupervisorActor, AKilledSupervisorTakesItsSubtreeAlong) {
  auto root
    = start({}, {supervisor_child(
                  "inner", {}, {supervisor_child("deep", {}, {child("a")})})});
  log.wait_for(1);

  EXPECT_TRUE(actor::crash(*rt, "top/inner", {}));

  // The old one ends and a new one starts, in whichever order.
  auto got = log.wait_for(3);
  EXPECT_EQ(std::count(got.begin(), got.end(), "end a"), 1);
  EXPECT_EQ(std::count(got.begin(), got.end(), "start a"), 2);
  EXPECT_EQ(stop(*root), exit_reason::shutdown());
}

TEST_F(SupervisorActor, ExitSignalsOfStrangersAreIgnored) {
  auto root = start({}, {child("a")});
  signal_exit(root->handle(), exit_reason::abnormal("boom"));
  signal_exit(root->handle(), exit_reason::shutdown());

  crash("top/a", "boom");

  EXPECT_EQ(log.wait_for(3), (lines{"start a", "end a", "start a"}));
  stop(*root);
}

// CAF trap: an error message would end an actor that does not handle it.
TEST_F(SupervisorActor, ErrorAndUnknownMessagesDoNotHurtIt) {
  auto root = start({}, {child("a")});
  deliver(root->handle(), caf::make_error(caf::sec::runtime_error, "x"));
  deliver(root->handle(), std::string{"hello"});

  crash("top/a", "boom");

  EXPECT_EQ(log.wait_for(3), (lines{"start a", "end a", "start a"}));
  stop(*root);
}

TEST_F(SupervisorActor, EscalatesOneLevelAtATime) {
  auto inner = supervisor_child("inner", {.intensity = 0}, {child("a")});
  auto root = start({.intensity = 1}, {child("other"), inner});
  log.wait_for(2);

  crash("top/inner/a", "boom");

  EXPECT_EQ(log.wait_for(4),
            (lines{"start other", "start a", "end a", "start a"}));
  stop(*root);
  auto top = rt->tree.look(std::chrono::steady_clock::now());
  EXPECT_EQ(top->children.at(0).incarnation, 1U);
  EXPECT_EQ(top->children.at(1).incarnation, 2U);
}

TEST_F(SupervisorActor, SixteenThousandChildrenEndInLinearTime) {
  constexpr int count = 16'000;
  std::vector<actor::child_spec> children;
  for (int i = 0; i < count; ++i)
    children.push_back(
      {{.id = std::to_string(i)}, [](const start_args& args) -> start_result {
         return running{args.rt->system.spawn<test::idle_actor>()};
       }});
  auto root = start({}, std::move(children));
  ASSERT_TRUE(root) << error;

  EXPECT_EQ(stop(*root), exit_reason::shutdown());
}

} // namespace supervisor_test
