// A store says that a value is written when it is on disk, and not before. A
// monkey kills its parts at random moments, under many schedules: what was
// acknowledged is on disk, always.

#include <coppice/testing.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <utility>
#include <vector>

using namespace coppice::actor;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

using values = std::shared_ptr<std::vector<int>>;

enum class acknowledge { when_on_disk, at_once };

// Collects values for 10 ms, and writes them together. Whatever it has not
// written is lost with it.
class journal : public caf::event_based_actor {
public:
  journal(caf::actor_config& cfg, values disk, acknowledge when)
      : caf::event_based_actor(cfg), disk_(std::move(disk)), when_(when) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {
      [this](int value, const caf::actor& asks) {
        if (buffer_.empty())
          send_after(*this, 10ms, std::string{"flush"});
        buffer_.emplace_back(value, asks);
        if (when_ == acknowledge::at_once)
          deliver(asks, caf::make_message(value, true));
      },
      [this](const std::string&) {
        for (auto& [value, asks] : std::exchange(buffer_, {})) {
          disk_->push_back(value);
          if (when_ == acknowledge::when_on_disk)
            deliver(asks, caf::make_message(value, true));
        }
      },
    };
  }

private:
  values disk_;
  acknowledge when_;
  std::vector<std::pair<int, caf::actor>> buffer_;
};

// What clients talk to: hands each value to the journal that lives now, and
// tells the client when it is written.
class store : public caf::event_based_actor {
public:
  store(caf::actor_config& cfg, const start_args& args, values acknowledged)
      : caf::event_based_actor(cfg),
        rt_(args.rt),
        acknowledged_(std::move(acknowledged)) {
    // nop
  }

  caf::behavior make_behavior() override {
    return {
      [this](int value) {
        if (auto journal = rt_->actor_at("test/app/journal"))
          deliver(journal,
                  caf::make_message(value, caf::actor_cast<caf::actor>(this)));
      },
      [this](int value, bool) { acknowledged_->push_back(value); },
    };
  }

private:
  runtime_ptr rt_;
  values acknowledged_;
};

class Store : public supervised_test {
protected:
  void start(acknowledge when) {
    disk = std::make_shared<std::vector<int>>();
    acknowledged = std::make_shared<std::vector<int>>();
    child_spec journal_child{{.id = "journal"}, spawns<journal>(disk, when)};
    child_spec store_child{{.id = "store"}, spawns<store>(acknowledged)};
    start_supervised(supervisor_child("app", {.intensity = 1000},
                                      {journal_child, store_child}));
  }

  // Writes 200 values; now and then it kills somebody, or lets time pass.
  void run_the_monkey() {
    std::uniform_int_distribution<int> percent{0, 99};
    for (auto value = 0; value < 200; ++value) {
      tell("app/store", value);
      if (auto dice = percent(chance()); dice < 5)
        kill("app/journal");
      else if (dice < 8)
        kill("app/store");
      else if (dice < 40)
        advance(std::chrono::milliseconds{dice});
      else if (dice < 70)
        settle();
    }
    advance(1s);
  }

  std::vector<int> lost() const {
    std::vector<int> result;
    for (auto value : *acknowledged)
      if (std::find(disk->begin(), disk->end(), value) == disk->end())
        result.push_back(value);
    return result;
  }

  values disk;
  values acknowledged;
};

} // namespace

TEST_F(Store, LosesNoAcknowledgedWrite) {
  for_each_schedule(100, [&] {
    start(acknowledge::when_on_disk);

    run_the_monkey();

    EXPECT_THAT(lost(), ::testing::IsEmpty());
    EXPECT_THAT(*acknowledged, ::testing::Not(::testing::IsEmpty()));
    EXPECT_THAT(history(), restarted("app/journal"));
  });
}

// A test that cannot fail proves nothing: a store that acknowledges too early
// does not get away with it.
TEST_F(Store, IsFoundOutIfItAcknowledgesTooEarly) {
  std::size_t all_lost = 0;

  for_each_schedule(100, [&] {
    start(acknowledge::at_once);
    run_the_monkey();
    all_lost += lost().size();
  });

  EXPECT_GT(all_lost, 0U);
}
