// SPDX-License-Identifier: BSD-3-Clause
//
// Holds on every version of CAF: 1.1 by itself notifies those that watch an
// actor before it calls `on_exit`, and lets an exit signal wait for all
// messages that were fetched before it.

#include "actor/virtual_time.hpp"

#include "actor/directory.hpp"
#include "support/actor_fixture.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace ending_test {

using namespace coppice;
using namespace coppice::actor;
using namespace std::chrono_literals;
using coppice::test::recorder;
using supervision::exit_reason;
using testing::ElementsAre;

namespace {

// How long an on_exit waits for what must not come before it is done.
constexpr auto long_enough = 100ms;

class plain_actor : public caf::event_based_actor {
public:
  explicit plain_actor(caf::actor_config& cfg, run_queue* = nullptr)
      : caf::event_based_actor(cfg) {
    // nop
  }
};

class unpinned_actor : public pinned_actor {
public:
  explicit unpinned_actor(caf::actor_config& cfg, run_queue* queue = nullptr)
      : pinned_actor(cfg, queue) {
    // nop
  }
};

// Drops what it should run.
class nowhere : public run_queue {
public:
  using run_queue::run_queue;

  void post(caf::resumable* what) override {
    release(what);
  }
};

// Calls a function at its end.
class last_words : public pinned_actor {
public:
  last_words(caf::actor_config& cfg, run_queue* queue, std::function<void()> fn)
      : pinned_actor(cfg, queue), fn_(std::move(fn)) {
    // nop
  }

  void on_exit() override {
    fn_();
  }

private:
  std::function<void()> fn_;
};

// What may only come after an end.
class sequel {
public:
  void comes() {
    if (!std::exchange(came_, true))
      promise_.set_value();
  }

  bool comes_early() const {
    return future_.wait_for(long_enough) == std::future_status::ready;
  }

private:
  bool came_ = false;
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

// Takes its time to end, as long as nothing follows.
template <class Base>
class leaver : public Base {
public:
  leaver(caf::actor_config& cfg, recorder& log, const sequel& after,
         bool fails = false)
      : Base(cfg), log_(log), after_(after), fails_(fails) {
    // nop
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    if (fails_)
      throw std::runtime_error("no start");
    return {[this](const std::string& word) {
      if (word == "throw")
        throw std::runtime_error(word);
      this->quit();
    }};
  }

  void on_exit() override {
    log_.add("on_exit");
    if (after_.comes_early())
      log_.add("too early");
    if (has_ended(caf::actor_cast<caf::actor>(this->ctrl())))
      log_.add("has ended");
    log_.add("end");
  }

private:
  recorder& log_;
  const sequel& after_;
  bool fails_;
};

struct way_to_end {
  std::string name;
  std::function<void(const caf::actor&)> take;
};

std::vector<way_to_end> ways_to_end() {
  return {
    {"Exception", [](auto& who) { deliver(who, std::string{"throw"}); }},
    {"Quit", [](auto& who) { deliver(who, std::string{"quit"}); }},
    {"ExitSignal",
     [](auto& who) { signal_exit(who, exit_reason::abnormal("x")); }},
    {"Kill", [](auto& who) { signal_kill(who); }},
  };
}

class OrderlyEnd : public test::actor_fixture,
                   public testing::WithParamInterface<way_to_end> {
protected:
  // Lets a child end, and returns what was to be seen until its successor was
  // there.
  template <class Base>
  std::vector<std::string> restart() {
    recorder log;
    sequel successor;
    auto starts = 0;
    auto start = [&](const start_args& args) -> start_result {
      log.add("start");
      if (++starts > 1)
        successor.comes();
      return running{args.rt->system.spawn<leaver<Base>>(log, successor)};
    };
    auto root = tree_root::start(rt, "top", {}, {{{.id = "a"}, start}})
                  .value_or(nullptr);
    if (!root)
      return {"no start"};
    GetParam().take(rt->directory.find("top/a")->handle);
    auto seen = log.wait_for(4);
    root->stop(exit_reason::shutdown());
    end_of(root->handle());
    return seen;
  }
};

} // namespace

TEST_P(OrderlyEnd, ASuccessorOfAPlainChildStartsAfterItsOnExit) {
  EXPECT_THAT(restart<plain_actor>(),
              ElementsAre("start", "on_exit", "end", "start"));
}

TEST_P(OrderlyEnd, ASuccessorOfAPinnedChildStartsAfterItsOnExit) {
  EXPECT_THAT(restart<unpinned_actor>(),
              ElementsAre("start", "on_exit", "end", "start"));
}

INSTANTIATE_TEST_SUITE_P(After, OrderlyEnd, testing::ValuesIn(ways_to_end()),
                         [](auto& info) { return info.param.name; });

class EndOfAnActor : public test::actor_fixture {
protected:
  // How many of a hundred messages an actor handles that is asked to end while
  // it handles the tenth.
  template <class Base>
  class obedient : public Base {
  public:
    obedient(caf::actor_config& cfg, run_queue* queue,
             std::shared_future<void> gate, std::size_t& handled)
        : Base(cfg, queue), gate_(std::move(gate)), handled_(handled) {
      // nop
    }

    caf::behavior make_behavior() override {
      gate_.wait();
      return {[this](int) {
        if (++handled_ == 10)
          signal_exit(caf::actor_cast<caf::actor>(this->ctrl()),
                      exit_reason::shutdown());
      }};
    }

  private:
    std::shared_future<void> gate_;
    std::size_t& handled_;
  };

  template <class Base>
  std::size_t handled_of_a_hundred(virtual_time* time = nullptr) {
    std::promise<void> all_there;
    std::size_t handled = 0;
    auto busy = system.spawn<obedient<Base>>(
      time, all_there.get_future().share(), std::ref(handled));
    for (int i = 0; i < 100; ++i)
      deliver(busy, i);
    all_there.set_value();
    if (time != nullptr)
      time->run();
    EXPECT_EQ(end_of(busy), exit_reason::shutdown());
    return handled;
  }

  recorder log;
  sequel after;
};

// CAF 0.17.6 hands out two more messages before the urgent one.
TEST_F(EndOfAnActor, ComesSoonWhenAPlainActorIsToldToWhileMessagesWait) {
  EXPECT_LE(handled_of_a_hundred<plain_actor>(), 12U);
}

TEST_F(EndOfAnActor, ComesSoonWhenAPinnedActorIsToldToWhileMessagesWait) {
  EXPECT_LE(handled_of_a_hundred<unpinned_actor>(), 12U);
}

TEST_F(EndOfAnActor, ComesSoonWhenAnActorWithAHomeIsToldToWhileMessagesWait) {
  virtual_time time{system};

  EXPECT_LE(handled_of_a_hundred<unpinned_actor>(&time), 12U);
}

TEST_F(EndOfAnActor, ThatNeverCameUpInVirtualTimeIsAnErrorOfItsTree) {
  virtual_time time{system};
  rt->time = &time;
  caf::actor waits;
  child_spec endless{{.id = "endless"}, [&](const start_args& args) {
                       waits = args.rt->system.spawn<test::idle_actor>();
                       return start_result{starting{waits}};
                     }};

  auto result = tree_root::start(rt, "top", {}, {endless});

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "it is not up, and nothing more happens");
  EXPECT_EQ(end_of(waits), exit_reason::killed());
  EXPECT_FALSE(rt->directory.find("top"));
  EXPECT_FALSE(rt->tree.look({}));
}

TEST_F(EndOfAnActor, IsWaitedForByTheSystemOnExitIncluded) {
  signal_kill(system.spawn<leaver<unpinned_actor>>(log, after));

  system.await_all_actors_done();

  after.comes();
  EXPECT_THAT(log.lines(), ElementsAre("on_exit", "end"));
}

TEST_F(EndOfAnActor, IsToldAfterOnExitAlsoIfAPinnedActorFailsToStart) {
  auto who = system.spawn<leaver<unpinned_actor>>(log, after, true);

  auto reason = end_of(who);

  after.comes();
  EXPECT_EQ(reason, exit_reason::abnormal("no start"));
  EXPECT_THAT(log.lines(), ElementsAre("on_exit", "end"));
}

TEST_F(EndOfAnActor, IsToldAtOnceIfItIsOver) {
  auto who = system.spawn<leaver<plain_actor>>(log, after);
  deliver(who, std::string{"throw"});
  end_of(who);

  EXPECT_TRUE(has_ended(who));
  EXPECT_EQ(end_of(who), exit_reason::abnormal("throw"));
}

TEST_F(EndOfAnActor, IsToldOfOneThatNobodyCanReachAnyMore) {
  auto ended = std::make_shared<std::promise<exit_reason>>();
  auto reason = ended->get_future();
  auto who = system.spawn<test::idle_actor>();
  when_ended(
    who, [ended](const caf::error& err) { ended->set_value(to_reason(err)); });

  who = nullptr;

  ASSERT_EQ(reason.wait_for(test::deadline), std::future_status::ready);
  EXPECT_FALSE(reason.get().clean());
}

// A child that never runs ends when its supervisor lets go of it.
TEST_F(EndOfAnActor, ThatOnlyItsSupervisorRefersToHoldsNoLock) {
  nowhere queue{system};
  caf::abstract_actor* parent = nullptr;
  child_spec child{{.id = "a"}, [&](const start_args& args) -> start_result {
                     auto attach = [&] { // which takes a lock of the parent
                       parent->attach_functor([](const caf::error&) {});
                       log.add("end");
                     };
                     return running{
                       args.rt->system.spawn<last_words>(&queue, attach)};
                   }};
  auto root = tree_root::start(rt, "top", {}, {child}).value_or(nullptr);
  ASSERT_TRUE(root);
  parent = caf::actor_cast<caf::abstract_actor*>(root->handle());

  root.reset();

  EXPECT_THAT(log.wait_for(1), ElementsAre("end"));
}

// The end of a supervisor comes back to the directory. Which of two threads
// lets go of it last is a matter of luck: not every round would fail.
TEST_F(EndOfAnActor, MayComeWhileTheDirectoryLooksAtIt) {
  child_spec child{{.id = "a"}, [](const start_args& args) -> start_result {
                     return running{args.rt->system.spawn<test::idle_actor>()};
                   }};
  std::jthread looks{[&](const std::stop_token& over) {
    while (!over.stop_requested())
      rt->directory.leaves();
  }};
  for (int round = 0; round < 1000; ++round) {
    // While the one before is ending, it is refused. With CAF 1 a reference can
    // come back after the last one has gone, so that only a start says when
    // that is over.
    std::string why;
    ASSERT_TRUE(eventually([&] {
      auto root = tree_root::start(rt, "top", {}, {child});
      why = root ? "" : root.error().message;
      return why != "already_started";
    }));
    ASSERT_EQ(why, "") << round;
  }
}

} // namespace ending_test
