// SPDX-License-Identifier: BSD-3-Clause
//
// A supervision tree as a program, with the header that has everything.

#include "coppice/coppice.hpp"

#include <caf/event_based_actor.hpp>
#include <httplib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace application_test {

using namespace coppice;
using ::testing::HasSubstr;

namespace {

class worker : public caf::event_based_actor {
public:
  worker(caf::actor_config& cfg, const actor::start_args& args, int number)
      : caf::event_based_actor(cfg), path_(args.path), number_(number) {
    // nop
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return {[](int) {
      // nop
    }};
  }

  std::string path_;
  int number_;
};

application_settings quiet() {
  return {.name = "app",
          .children = {{{.id = "worker"}, actor::spawns<worker>(1)}},
          .admin = {.where = "127.0.0.1:0"},
          .journal = {.file = "off"},
          .log = {.level = "off"}};
}

} // namespace

TEST(Application, StartsItsTreeAndStopsIt) {
  application app{quiet()};
  EXPECT_FALSE(app.root());

  ASSERT_TRUE(app.start());

  EXPECT_TRUE(app.rt()->actor_at("app/worker"));
  app.stop();
  EXPECT_FALSE(app.rt()->actor_at("app/worker"));
  EXPECT_EQ(app.wait(), 0);
}

TEST(Application, HasThePageAndTheApi) {
  application app{quiet()};
  ASSERT_TRUE(app.start());

  httplib::Client http{app.admin_url()};
  auto tree = http.Get("/tree");
  auto status = http.Get("/listeners");

  ASSERT_TRUE(tree);
  EXPECT_THAT(tree->body, HasSubstr("app/worker"));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->status, 200);
}

TEST(Application, TakesMoreChildrenWhileItRuns) {
  application app{quiet()};
  ASSERT_TRUE(app.start());

  auto added
    = actor::start_child(app.root(), {{.id = "more"}, actor::spawns<worker>(2)})
        .get();

  EXPECT_TRUE(added);
}

TEST(Application, SaysWhichChildDidNotStart) {
  auto settings = quiet();
  settings.children.push_back(
    {{.id = "broken"}, [](const actor::start_args&) -> actor::start_result {
       return supervision::start_failed{
         supervision::exit_reason::abnormal("no database")};
     }});
  application app{std::move(settings)};

  auto result = app.start();

  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text, HasSubstr("broken"));
  EXPECT_THAT(result.error().text, HasSubstr("no database"));
}

} // namespace application_test
