// SPDX-License-Identifier: BSD-3-Clause
//
// What events name as their cause, in virtual time.

#include "coppice/actor/request.hpp"

#include "actor/directory.hpp"
#include "actor/virtual_time.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <optional>

namespace causes_test {

using namespace coppice;
using namespace std::chrono_literals;
using observe::event_kind;
using supervision::exit_reason;
using testing::ElementsAre;

namespace {

class Causes : public test::actor_fixture {
protected:
  using lines = std::vector<std::string>;

  Causes() {
    rt->time = &time;
  }

  void TearDown() override {
    root->stop(exit_reason::shutdown());
    acknowledge();
    time.advance(1min);
    EXPECT_FALSE(rt->directory.find("top"));
  }

  // Its start takes until `acknowledge`, once it is to be slow.
  actor::child_spec child(std::string id) {
    auto start = [this](const actor::start_args& args) -> actor::start_result {
      if (failures > 0) {
        --failures;
        return supervision::start_failed{exit_reason::abnormal("no disk")};
      }
      auto handle = args.rt->system.spawn<test::idle_child>(args);
      if (!slow)
        return actor::running{handle};
      slow = false;
      open = args;
      return actor::starting{handle};
    };
    return {{.id = std::move(id)}, start};
  }

  void acknowledge() {
    if (auto args = std::exchange(open, std::nullopt))
      actor::acknowledge_start(*args, supervision::started{});
    time.run();
  }

  void start(std::vector<actor::child_spec> children,
             supervision::flags settings = {.intensity = 9}) {
    auto result
      = actor::tree_root::start(rt, "top", settings, std::move(children));
    ASSERT_TRUE(result) << result.error().message;
    root = *std::move(result);
  }

  void crash(const std::string& path, const std::string& reason) {
    EXPECT_TRUE(actor::crash(*rt, path, exit_reason::abnormal(reason)));
  }

  // The last event of that kind about `path`, and what led to it.
  lines story(event_kind what, const std::string& path) {
    std::map<std::uint64_t, observe::event> all;
    std::uint64_t next = 0;
    for (auto& each : rt->events.after(0, 1000).events) {
      all.emplace(each->seq, *each);
      if (each->kind == what && each->path == path)
        next = each->seq;
    }
    lines result;
    for (; next != 0; next = all.at(next).cause)
      result.push_back(describe(all.at(next)));
    return result;
  }

  actor::virtual_time time{system};
  std::unique_ptr<actor::tree_root> root;
  int failures = 0;
  bool slow = false;
  std::optional<actor::start_args> open;
};

} // namespace

TEST_F(Causes, OfARestartThatHasToWaitAreNotWhatHappensMeanwhile) {
  auto patient = child("a");
  patient.spec.backoff
    = supervision::backoff{.initial = 100ms, .limit = 1s, .jitter = 0};
  start({std::move(patient), child("b")});
  crash("top/a", "first");
  time.run();
  crash("top/b", "second");
  time.run();

  time.advance(100ms);

  EXPECT_THAT(story(event_kind::child_restarted, "top/a"),
              ElementsAre("top/a restarted (incarnation 2)",
                          "top/a restarting: permanent, exit \"first\", 1 of 9 "
                          "restarts in 5 s used, in 100 ms",
                          "top/a exited: first"));
}

TEST_F(Causes, OfARetryAreNotTheExitsBeforeIt) {
  start({child("a"), child("b")});
  failures = 1;
  crash("top/a", "first");
  crash("top/b", "second"); // waits in the mailbox before the retry

  time.run();

  auto told = story(event_kind::child_restarted, "top/a");
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(told[1], "top/a restarting: permanent, start failed \"no disk\", "
                     "3 of 9 restarts in 5 s used");
  EXPECT_EQ(told[2], "top/a failed to start: no disk");
  EXPECT_EQ(told[4], "top/a exited: first");
}

TEST_F(Causes, OfWhatIsAskedForWhileSomethingElseGoesOnAreTheRequest) {
  start({child("a"), child("b")});
  slow = true;
  crash("top/a", "first");
  time.run();
  auto done = actor::terminate_child(root->handle(), "b");
  time.run();

  acknowledge();

  EXPECT_THAT(story(event_kind::child_stopped, "top/b"),
              ElementsAre("top/b stopped: shutdown"));
  EXPECT_EQ(story(event_kind::child_restarted, "top/a").size(), 3U);
}

TEST_F(Causes, OfTheEndAreNotWhatIsStillGoingOn) {
  start({child("a"), child("b")});
  slow = true;
  crash("top/a", "first");
  time.run();
  actor::crash(*rt, "top", exit_reason::shutdown(), "by a test");
  time.run();

  acknowledge();

  EXPECT_EQ(story(event_kind::child_restarted, "top/a").size(), 3U);
  EXPECT_THAT(story(event_kind::child_stopped, "top/b"),
              ElementsAre("top/b stopped: shutdown",
                          "top is asked to end: shutdown: by a test"));
}

TEST_F(Causes, OfAStartThatIsAskedForAreTheLastEnd) {
  start({child("a")});
  crash("top/a", "first");
  time.run();
  auto stopped = actor::terminate_child(root->handle(), "a");
  time.run();
  EXPECT_THAT(story(event_kind::child_restarted, "top/a"), testing::SizeIs(3));

  auto again = actor::restart_child(root->handle(), "a");
  time.run();

  EXPECT_THAT(story(event_kind::child_started, "top/a"),
              ElementsAre("top/a started (incarnation 3): as asked",
                          "top/a stopped: shutdown"));
}

TEST_F(Causes, OfAStartThatIsAskedForHoldForAllBelow) {
  start({actor::supervisor_child("below", {}, {child("a")})});
  auto stopped = actor::terminate_child(root->handle(), "below");
  time.run();
  auto again = actor::restart_child(root->handle(), "below");
  time.run();

  auto told = story(event_kind::child_started, "top/below/a");
  EXPECT_EQ(told.front(), "top/below/a started (incarnation 2): as asked");
  EXPECT_EQ(told.back(), "top/below stopped: shutdown");
  EXPECT_THAT(story(event_kind::child_restarted, "top/below/a"),
              testing::IsEmpty());
}

TEST_F(Causes, OfAStrangeMessageAreNotTheLastRestart) {
  start({child("a")});
  crash("top/a", "first");
  time.run();

  actor::deliver(root->handle(), std::string{"what?"});
  time.run();

  EXPECT_EQ(story(event_kind::notice, "top").size(), 1U);
}

TEST_F(Causes, OfAKillForWantOfProgressAreTheWatchdog) {
  auto watched = child("a");
  watched.spec.progress_within = 1s;
  start({std::move(watched)});

  time.advance(1s);

  EXPECT_THAT(story(event_kind::child_restarted, "top/a"),
              ElementsAre(testing::_, testing::_, testing::_,
                          "top/a made no progress for too long; killing it"));
}

} // namespace causes_test
