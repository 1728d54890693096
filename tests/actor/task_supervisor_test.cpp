// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/task_supervisor.hpp"

#include "actor/directory.hpp"
#include "support/actor_fixture.hpp"
#include "support/answers.hpp"
#include "support/errors.hpp"

#include <stdexcept>

#include <gmock/gmock.h>

namespace task_supervisor_test {

using namespace coppice;
using namespace coppice::actor;
using coppice::supervision::done;
using coppice::supervision::exit_reason;
using coppice::supervision::refusal;
using coppice::test::idle_actor;
using coppice::test::refusal_of;
using coppice::test::value;

namespace {

// Comes back when its actor is asked to end.
void until_stopped(std::stop_token stop) {
  std::promise<void> stopped;
  std::stop_callback callback{stop, [&] { stopped.set_value(); }};
  stopped.get_future().wait();
}

class TaskSupervisor : public test::actor_fixture {
protected:
  task_supervisor& start(task_supervisor::options how = {}) {
    how.id = "tasks";
    how.blocking = true;
    tasks.emplace(std::move(how));
    root = tree_root::start(rt, "top", {}, {tasks->spec()}).value();
    return *tasks;
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

  caf::actor handle() {
    return rt->directory.find("top/tasks")->handle;
  }

  std::size_t tasks_known() {
    return value(count_children(handle())).specs;
  }

  std::optional<task_supervisor> tasks;
  std::unique_ptr<tree_root> root;
};

} // namespace

TEST_F(TaskSupervisor, CanBeSupervised) {
  start();

  EXPECT_TRUE(rt->directory.find("top/tasks"));
  EXPECT_EQ(value(count_children(handle())).active, 0u);
}

TEST_F(TaskSupervisor, RefusesBeforeItsStart) {
  task_supervisor t{{.id = "tasks"}};

  EXPECT_EQ(refusal_of(t.start_child([](auto) {})).why, refusal::noproc);
  EXPECT_EQ(refusal_of(t.children()).why, refusal::noproc);
}

TEST_F(TaskSupervisor, CountsAndListsTasks) {
  auto& t = start();
  auto child = value(t.start_child(until_stopped)).child;

  auto all = value(t.children());

  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].child, child);
  EXPECT_EQ(value(count_children(handle())).active, 1u);
}

TEST_F(TaskSupervisor, AsyncGivesTheValueOnce) {
  auto& t = start();
  auto caller = system.spawn<idle_actor>();

  auto one = t.async(caller, [](std::stop_token) { return 42; });

  EXPECT_EQ(one.result.get().value(), 42);
  EXPECT_EQ(end_of(value(one.child).child), exit_reason::normal());
  EXPECT_FALSE(has_ended(caller));
  signal_kill(caller);
}

TEST_F(TaskSupervisor, AsyncTakesItsCallerAlongWhenItCrashes) {
  auto& t = start();
  auto caller = system.spawn<idle_actor>();

  auto one = t.async(
    caller, [](std::stop_token) -> int { throw std::runtime_error("boom"); });

  EXPECT_EQ(end_of(caller), exit_reason::abnormal("boom"));
  EXPECT_EQ(test::error_of(one.result.get()), exit_reason::abnormal("boom"));
}

TEST_F(TaskSupervisor, AsyncEndsWithItsCaller) {
  auto& t = start();
  auto caller = system.spawn<idle_actor>();
  auto one = t.async(caller, until_stopped);
  auto child = value(one.child).child;

  signal_exit(caller, exit_reason::abnormal("gone"));

  EXPECT_EQ(end_of(child), exit_reason::abnormal("gone"));
}

TEST_F(TaskSupervisor, AsyncNolinkLeavesItsCallerAloneAndTellsTheReason) {
  auto& t = start();

  auto one = t.async_nolink(
    [](std::stop_token) -> int { throw std::runtime_error("boom"); });

  EXPECT_EQ(test::error_of(one.result.get()), exit_reason::abnormal("boom"));
  EXPECT_TRUE(eventually([&] { return tasks_known() == 0; }));
}

TEST_F(TaskSupervisor, TasksMayHaveNoValue) {
  auto& t = start();

  auto one = t.async_nolink([](std::stop_token) {});

  EXPECT_TRUE(one.result.get());
}

TEST_F(TaskSupervisor, SaysThatItIsFull) {
  auto& t = start({.flags = {.max_children = 0}});

  auto one = t.async_nolink([](std::stop_token) { return 1; });

  EXPECT_EQ(test::error_of(one.result.get()),
            exit_reason::abnormal("max_children"));
  EXPECT_EQ(refusal_of(one.child).why, refusal::max_children);
  EXPECT_EQ(refusal_of(t.start_child([](auto) {})).why, refusal::max_children);
}

TEST_F(TaskSupervisor, KillsTasksThatAreToBeKilled) {
  auto& t = start({.shutdown = supervision::shutdown::brutal_kill()});
  auto one = t.async_nolink(until_stopped);
  auto child = value(one.child).child;

  stop();

  EXPECT_EQ(end_of(child), exit_reason::killed());
  EXPECT_EQ(test::error_of(one.result.get()), exit_reason::killed());
}

TEST_F(TaskSupervisor, StartChildIsNotLinkedToAnybody) {
  auto& t = start();

  auto child = value(t.start_child([](std::stop_token) {
                 throw std::runtime_error("boom");
               }))
                 .child;

  EXPECT_EQ(end_of(child), exit_reason::abnormal("boom"));
  EXPECT_TRUE(eventually([&] { return tasks_known() == 0; }));
}

TEST_F(TaskSupervisor, RestartsPermanentTasks) {
  auto& t = start();
  test::recorder log;

  t.start_child(
    [&](std::stop_token stop) {
      log.add("run");
      if (log.lines().size() < 3)
        throw std::runtime_error("boom");
      until_stopped(stop);
    },
    supervision::restart::permanent);

  EXPECT_EQ(log.wait_for(3).size(), 3u);
  stop(); // before `log` goes
}

TEST_F(TaskSupervisor, TerminatesATaskOnce) {
  auto& t = start();
  auto child = value(t.start_child(until_stopped)).child;

  value(t.terminate_child(child));

  EXPECT_EQ(end_of(child), exit_reason::shutdown());
  EXPECT_EQ(refusal_of(t.terminate_child(child)).why, refusal::not_found);
}

TEST_F(TaskSupervisor, WaitsForAValueNoLongerThanAsked) {
  auto& t = start();
  auto one = t.async_nolink([](std::stop_token stop) {
    until_stopped(stop);
    return 1;
  });

  EXPECT_FALSE(one.result.get_within(std::chrono::milliseconds{1}));
  value(t.terminate_child(value(one.child).child));

  EXPECT_EQ(test::error_of(one.result.get()), exit_reason::shutdown());
}

} // namespace task_supervisor_test
