// A worker crashes, and its supervisor starts another one.

#include <coppice/testing.hpp>

#include <stdexcept>

using namespace coppice::actor;
using namespace coppice::testing;
using coppice::supervision::restart;

namespace {

// Any event-based actor of CAF's will do. This one cannot stand "boom".
class greeter : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    use_exception_text(*this); // what it throws is its exit reason
    return {[](const std::string& word) {
      if (word == "boom")
        throw std::runtime_error(word);
    }};
  }
};

child_spec greeter_child() {
  return {{.id = "greeter"}, spawns<greeter>()};
}

// Each test has a supervisor of its own, and a clock that stands still.
using Greeter = supervised_test;

} // namespace

TEST_F(Greeter, IsRestartedAfterACrash) {
  start_supervised(greeter_child());

  tell("greeter", std::string{"boom"});

  EXPECT_THAT(history(), in_order(started("greeter"), exited("greeter", "boom"),
                                  restarted("greeter")));
  EXPECT_THAT(history(), new_incarnation("greeter"));
}

TEST_F(Greeter, IsRestartedAsOftenAsItIsKilled) {
  start_supervised(greeter_child());

  for (auto i = 0; i < 3; ++i) {
    kill("greeter");
    settle();
  }

  EXPECT_THAT(history(), exited("greeter", "killed").times(3));
  EXPECT_THAT(history(), restarted("greeter").times(3));
}

TEST_F(Greeter, StaysDownIfItIsTemporary) {
  start_supervised(greeter_child(), {.restart = restart::temporary});

  crash("greeter");

  EXPECT_THAT(history(), restarted("greeter").times(0));
  EXPECT_THAT(history(), ::testing::Not(alive("greeter")));
}
