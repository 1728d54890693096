// Every fault that each place in the code knows, one test for each: whatever it
// was, the service answers again, and what it has said is right.

#include <coppice/testing.hpp>

#include <functional>
#include <memory>
#include <vector>

using namespace coppice::actor;
using namespace coppice::testing;
using namespace std::chrono_literals;
using coppice::fault::action_kind;

namespace {

// The places, with what each of them can do.
struct places {
  explicit places(coppice::fault::registry& faults)
      : read(faults, "sum.read", "a number comes in",
             {action_kind::exception, action_kind::error, action_kind::drop}),
        answer(faults, "sum.answer", "the sum goes out",
               {action_kind::exception, action_kind::delay}) {
    // nop
  }

  coppice::fault::point read;
  coppice::fault::point answer;
};

using answers = std::shared_ptr<std::vector<int>>;

// Adds up what it gets; a new one begins at 0.
class summer : public caf::event_based_actor {
public:
  summer(caf::actor_config& cfg, coppice::fault::registry& faults, answers to)
      : caf::event_based_actor(cfg), places_(faults), answers_(std::move(to)) {
    // nop
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return {
      [this](int number) {
        if (auto fault = places_.read.hit()) {
          if (fault->kind == action_kind::drop)
            return;
          places_.read.apply(*fault);
        }
        sum_ += number;
      },
      [this](const std::string&) {
        places_.answer.apply();
        answers_->push_back(sum_);
      },
    };
  }

private:
  places places_;
  answers answers_;
  int sum_ = 0;
};

class EveryFault : public supervised_test,
                   public ::testing::WithParamInterface<fault_case> {
protected:
  void SetUp() override {
    start_supervised(
      {{.id = "summer"}, spawns<summer>(std::ref(faults()), said)});
  }

  void ask_for_the_sum_of(std::vector<int> numbers) {
    for (auto number : numbers)
      tell("summer", number);
    tell("summer", std::string{"sum"});
    settle();
  }

  answers said = std::make_shared<std::vector<int>>();
};

} // namespace

TEST_P(EveryFault, IsOverWhenItIsOver) {
  {
    fault_scope scope{faults(), GetParam().point, GetParam().term};
    ask_for_the_sum_of({1, 2, 3});
  }
  ASSERT_TRUE(eventually(alive("summer"), 1s));
  crash("summer"); // a sender does not learn that its number was lost
  settle();
  said->clear();

  ask_for_the_sum_of({1, 2, 3});

  EXPECT_THAT(*said, ::testing::ElementsAre(6));
}

INSTANTIATE_TEST_SUITE_P(
  Sum, EveryFault,
  ::testing::ValuesIn(fault_matrix([](coppice::fault::registry& faults) {
    places{faults};
  })),
  name_of_fault_case);
