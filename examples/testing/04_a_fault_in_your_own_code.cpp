// One line in your own code makes a place where a test can ask for a fault.

#include <coppice/testing.hpp>

#include <functional>
#include <memory>
#include <vector>

using namespace coppice::actor;
using namespace coppice::testing;

namespace {

// Survives the actor, as a file would.
using disk = std::shared_ptr<std::vector<int>>;

class storage : public caf::event_based_actor {
public:
  storage(caf::actor_config& cfg, coppice::fault::registry& faults, disk to)
      : caf::event_based_actor(cfg),
        save_(faults, "storage.save", "before a value is written"),
        disk_(std::move(to)) {
    // nop
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return {[this](int value) {
      save_.apply(); // this is the line
      disk_->push_back(value);
    }};
  }

private:
  coppice::fault::point save_;
  disk disk_;
};

class Storage : public supervised_test {
protected:
  void SetUp() override {
    start_supervised(
      {{.id = "storage"}, spawns<storage>(std::ref(faults()), written)});
  }

  disk written = std::make_shared<std::vector<int>>();
};

} // namespace

TEST_F(Storage, LosesTheValueThatFailed) {
  // The second write throws, no other. Were it never to happen, the scope would
  // fail this test.
  fault_scope scope{faults(), "storage.save", "@1 1*throw(disk on fire)"};

  for (auto value : {1, 2, 3}) {
    tell("storage", value);
    settle();
  }

  EXPECT_THAT(history(), exited("storage", "disk on fire").times(1));
  EXPECT_THAT(*written, ::testing::ElementsAre(1, 3));
}

TEST_F(Storage, ComesBackAfterAnErrorOfTheSystem) {
  fault_scope scope{faults(), "storage.save", "2*error(ENOSPC)"};

  for (auto value : {1, 2, 3}) {
    tell("storage", value);
    settle();
  }

  EXPECT_THAT(history(), exited("storage").times(2));
  EXPECT_THAT(*written, ::testing::ElementsAre(3));
}
