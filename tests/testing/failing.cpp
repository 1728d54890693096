// SPDX-License-Identifier: BSD-3-Clause
//
// Tests that fail, for failures_test.py to see what they say.

#include "coppice/testing.hpp"

#include <iostream>
#include <memory>

using namespace coppice::actor;
using namespace coppice::testing;

namespace {

class worker : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](int) {}};
  }
};

child_spec child(std::string id) {
  return {{.id = std::move(id)}, [](const start_args& args) {
            return running{args.rt->system.spawn<worker>()};
          }};
}

using Failing = supervised_test;

} // namespace

TEST_F(Failing, UnderSomeSchedules) {
  for_each_schedule(100, [&] {
    std::cout << "a schedule" << std::endl;
    start_supervised(child("a"));
    start_supervised(child("b"));
    crash("a");
    crash("b");
    EXPECT_THAT(history(), in_order(exited("a"), exited("b")));
  });
}

TEST_F(Failing, ByChance) {
  EXPECT_EQ(chance()(), 0U);
}

TEST_F(Failing, ForAPointThatNeverWas) {
  coppice::fault::point{faults(), "app.save", "is there"};
  arm("app.sav", "drop");
}

TEST_F(Failing, ByAnException) {
  start_supervised(child("a"));
  start_supervised(child("a"));
}
