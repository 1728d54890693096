// SPDX-License-Identifier: BSD-3-Clause

#include "actor/actor_faults.hpp"
#include "admin/health.hpp"
#include "support/errors.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace health_test {

using namespace coppice;
using admin::health;
using coppice::test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

class Health : public test::listener_fixture {
protected:
  void serve_and_check() {
    serve(net::topology::linked);
    listeners = {listener};
    uut.emplace(rt, listeners);
  }

  std::vector<net::listener_ptr> listeners;
  std::optional<health> uut;
};

} // namespace

TEST_F(Health, IsAliveAndReadyWhileItServes) {
  serve_and_check();
  uut->look();

  EXPECT_THAT(uut->why_not_alive(), IsEmpty());
  EXPECT_THAT(uut->why_not_ready(), IsEmpty());
}

TEST_F(Health, IsNotReadyWhileThePortIsClosed) {
  serve_and_check();
  listener->suspend();
  EXPECT_THAT(uut->why_not_ready(), ElementsAre(HasSubstr(" is suspended")));

  EXPECT_EQ(error_of(listener->resume()), "");
  EXPECT_THAT(uut->why_not_ready(), IsEmpty());

  listener->drain([] {});
  EXPECT_THAT(uut->why_not_ready(), ElementsAre(HasSubstr(" is draining")));
  EXPECT_THAT(uut->why_not_alive(), IsEmpty());
}

TEST_F(Health, IsNotReadyWithoutAPlaceForAClient) {
  serve_and_check();
  net::limits none;
  none.max_connections = 0;
  listener->set_limits(none);
  EXPECT_THAT(uut->why_not_ready(),
              ElementsAre(HasSubstr(" is full: 0 of 0 connections")));

  none.max_connections = 1;
  listener->set_limits(none);
  EXPECT_THAT(uut->why_not_ready(), IsEmpty());
}

TEST_F(Health, IsNotReadyOnceItIsAboutToDrain) {
  serve_and_check();
  listener->leave();

  EXPECT_THAT(uut->why_not_ready(), ElementsAre(HasSubstr("draining soon")));
}

TEST_F(Health, IsNotAliveOnceAReactorHasNotTurnedForLong) {
  serve_and_check();
  std::promise<void> free;
  listener->reactors().front()->run_soon(
    [freed = free.get_future().share()] { freed.wait(); });

  EXPECT_TRUE(wait_until([this] { return !uut->why_not_alive().empty(); }));
  EXPECT_THAT(uut->why_not_alive(),
              ElementsAre(StartsWith("reactor:0 has not turned for 2.")));

  free.set_value();
  EXPECT_TRUE(wait_until([this] { return uut->why_not_alive().empty(); }));
}

TEST_F(Health, IsNotAliveOnceASupervisorDoesNotAnswer) {
  serve_and_check();
  uut->look();
  std::string path{test::acceptor_path};
  path.resize(path.rfind('/'));
  ASSERT_EQ(actor::suspend(*rt, path), actor::fault_outcome::done);
  uut->look();

  EXPECT_TRUE(wait_until([this] {
    uut->look();
    return !uut->why_not_alive().empty();
  }));
  EXPECT_THAT(uut->why_not_alive(),
              ElementsAre(HasSubstr(path + " has not answered for 2.")));

  actor::resume(*rt, path);
  EXPECT_TRUE(wait_until([this] { return uut->why_not_alive().empty(); }));
}

TEST(HealthAnswer, IsTextOrJson) {
  admin::request req;
  auto good = admin::health_answer(req, "alive", {});
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, "alive\n");
  EXPECT_EQ(admin::health_answer(req, "ready", {"a", "b"}).body,
            "not ready\na\nb\n");

  req.accept = "application/json";
  auto bad = admin::health_answer(req, "ready", {"a", "b"});
  EXPECT_EQ(bad.status, 503);
  EXPECT_EQ(bad.content_type, "application/json");
  EXPECT_EQ(nlohmann::json::parse(bad.body),
            nlohmann::json({{"ready", false},
                            {"reasons", {"a", "b"}},
                            {"error", "not ready: a; b"}}));
}

} // namespace health_test
