// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/reactor.hpp"

#include "net/event_loop.hpp"
#include "support/actor_fixture.hpp"

#include <atomic>
#include <memory>

#include <gtest/gtest.h>

namespace reactor_test {

using namespace coppice;

namespace {

class brief : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {};
  }
};

} // namespace

// It is destroyed before the actor system, which its tasks use.
TEST(Reactor, IsJoinedWhenItGoesAfterAllThatWasQueued) {
  constexpr auto tasks = 1000;
  caf::actor_system_config config;
  auto system = std::make_unique<caf::actor_system>(test::prepared(config));
  auto target = std::make_unique<net::reactor>(*system, 0);
  std::atomic<int> done = 0;
  target->start_thread();
  for (auto n = 0; n < tasks; ++n)
    target->run_soon([&] {
      system->spawn<brief>();
      ++done;
    });

  target.reset();

  EXPECT_EQ(done, tasks);
  system.reset();
  EXPECT_EQ(done, tasks);
}

// As when its owner stops it, and then it goes.
TEST(Reactor, IsStoppedOnceHoweverOftenItIsAskedTo) {
  caf::actor_system_config config;
  caf::actor_system system{test::prepared(config)};
  auto time = std::make_unique<actor::virtual_time>(system);
  net::event_loop real{system, 0};
  net::event_loop in_virtual_time{system, 1, time.get()};
  for (auto* each : {&real, &in_virtual_time}) {
    SCOPED_TRACE(each->index());
    auto ran = 0;
    each->start_thread();
    each->run_soon([&] { ++ran; });
    each->stop_thread();
    EXPECT_EQ(ran, 1);
    each->run_soon([&] { ++ran; });

    each->stop_thread();

    EXPECT_EQ(ran, 1);
  }

  time.reset(); // before the loop that lived by it
}

} // namespace reactor_test
