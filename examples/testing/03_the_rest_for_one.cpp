// A database, a cache in front of it, a web server in front of both: a crash of
// one restarts those that were started after it, and no others.

#include <coppice/testing.hpp>

using namespace coppice::actor;
using namespace coppice::testing;
using coppice::supervision::strategy;

namespace {

class part : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](int) {}};
  }
};

child_spec part_child(std::string id) {
  return {{.id = std::move(id)}, spawns<part>()};
}

class Shop : public supervised_test {
protected:
  void SetUp() override {
    start_supervised(supervisor_child(
      "shop", {.strategy = strategy::rest_for_one},
      {part_child("db"), part_child("cache"), part_child("web")}));
  }
};

} // namespace

TEST_F(Shop, RestartsTheCacheAndWhatIsInFrontOfIt) {
  crash("shop/cache", "out of memory");

  EXPECT_THAT(history(), in_order(exited("shop/cache", "out of memory"),
                                  stopped("shop/web"), restarted("shop/cache"),
                                  restarted("shop/web")));
  EXPECT_THAT(history(), same_incarnation("shop/db"));
}

TEST_F(Shop, RestartsAllIfTheDatabaseFails) {
  crash("shop/db");

  // The newest ends first, the oldest starts first.
  EXPECT_THAT(history(), in_order(stopped("shop/web"), stopped("shop/cache"),
                                  restarted("shop/db"), restarted("shop/cache"),
                                  restarted("shop/web")));
}

TEST_F(Shop, RestartsTheWebServerAlone) {
  crash("shop/web");

  EXPECT_THAT(history(), new_incarnation("shop/web"));
  EXPECT_THAT(history(), same_incarnation("shop/cache"));
  EXPECT_THAT(history(), same_incarnation("shop/db"));
}
