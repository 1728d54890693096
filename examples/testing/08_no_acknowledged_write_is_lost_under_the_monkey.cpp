// A store says that a value is written when it is on disk, and not before. A
// monkey kills it at random moments, under many schedules: what was
// acknowledged is on disk, always.

#include <coppice/testing.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <random>
#include <utility>
#include <vector>

using namespace coppice::actor;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

enum class acknowledge { when_on_disk, at_once };

// What outlives the store: the disk, and what its clients were told.
struct world {
  std::vector<int> disk;
  std::vector<int> acknowledged;
};

// Collects values for 10 ms, and writes them together. Whatever it has not
// written is lost with it.
class store : public caf::event_based_actor {
public:
  store(caf::actor_config& cfg, world& around, acknowledge when)
      : caf::event_based_actor(cfg), around_(around), when_(when) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {
      [this](int value) {
        if (buffer_.empty())
          send_after(*this, 10ms, std::string{"flush"});
        buffer_.push_back(value);
        if (when_ == acknowledge::at_once)
          around_.acknowledged.push_back(value);
      },
      [this](const std::string&) {
        std::ranges::copy(buffer_, std::back_inserter(around_.disk));
        if (when_ == acknowledge::when_on_disk)
          std::ranges::copy(buffer_, std::back_inserter(around_.acknowledged));
        buffer_.clear();
      },
    };
  }

private:
  world& around_;
  acknowledge when_;
  std::vector<int> buffer_;
};

class Store : public supervised_test {
protected:
  // Writes 200 values; now and then it kills the store, or lets time pass.
  // Returns how many were acknowledged and are not on disk.
  long lost_under_the_monkey(acknowledge when) {
    around = {};
    start_supervised(supervisor_child(
      "app", {.intensity = 1000},
      {{{.id = "store"}, spawns<store>(std::ref(around), when)}}));
    std::uniform_int_distribution<int> percent{0, 99};
    for (auto value = 0; value < 200; ++value) {
      tell("app/store", value);
      if (auto dice = percent(chance()); dice < 8)
        kill("app/store");
      else if (dice < 40)
        advance(std::chrono::milliseconds{dice});
      else if (dice < 70)
        settle();
    }
    advance(1s);
    EXPECT_THAT(history(), restarted("app/store"));
    EXPECT_FALSE(around.acknowledged.empty());
    return std::ranges::count_if(around.acknowledged, [&](int value) {
      return std::ranges::find(around.disk, value) == around.disk.end();
    });
  }

  world around;
};

} // namespace

TEST_F(Store, LosesNoAcknowledgedWrite) {
  for_each_schedule(100, [&] {
    EXPECT_EQ(lost_under_the_monkey(acknowledge::when_on_disk), 0);
  });
}

// A test that cannot fail proves nothing: a store that acknowledges too early
// does not get away with it.
TEST_F(Store, IsFoundOutIfItAcknowledgesTooEarly) {
  long lost = 0;
  for_each_schedule(
    100, [&] { lost += lost_under_the_monkey(acknowledge::at_once); });
  EXPECT_GT(lost, 0);
}
