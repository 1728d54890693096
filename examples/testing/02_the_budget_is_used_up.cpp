// A supervisor allows a number of restarts in a period. One more, and it gives
// up: its own supervisor starts it again, with all of its children.

#include <coppice/testing.hpp>

using namespace coppice::actor;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

class worker : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](int) {}};
  }
};

// The tree to be tested: as the program itself would start it.
child_spec app() {
  return supervisor_child("app", {.intensity = 2, .period = 10s},
                          {{{.id = "worker"}, spawns<worker>()}});
}

class Budget : public supervised_test {
protected:
  void crash_worker(int times) {
    for (auto i = 0; i < times; ++i) {
      crash("app/worker");
      settle();
    }
  }
};

} // namespace

TEST_F(Budget, LastsForTwoCrashes) {
  start_supervised(app());

  crash_worker(2);

  EXPECT_THAT(history(), budget("app").used(2).of(2));
  EXPECT_THAT(history(), gave_up("app").times(0));
}

TEST_F(Budget, IsUsedUpByTheThird) {
  start_supervised(app());

  crash_worker(3);

  EXPECT_THAT(history(),
              in_order(restarted("app/worker").times(2), gave_up("app"),
                       exited("app", "shutdown"), restarted("app")));
  EXPECT_THAT(history(), alive("app/worker"));
}

TEST_F(Budget, IsThereAgainWhenTimeHasPassed) {
  start_supervised(app());
  crash_worker(2);

  advance(12s);

  EXPECT_THAT(history(), budget("app").used(0).of(2));
  crash_worker(2);
  EXPECT_THAT(history(), gave_up("app").times(0));
}
