// SPDX-License-Identifier: BSD-3-Clause

#include "admin/api.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <tuple>

namespace faults_api_test {

using namespace coppice;
using namespace coppice::admin;
using nlohmann::json;
using testing::HasSubstr;

namespace {

class FaultsApi : public test::actor_fixture {
protected:
  void SetUp() override {
    auto idle = [](const actor::start_args& args) -> actor::start_result {
      return actor::running{args.rt->system.spawn<test::idle_actor>()};
    };
    root = actor::tree_root::start(
             rt, "top", {.intensity = 2},
             {actor::supervisor_child("sub", {}, {{{.id = "a"}, idle}}),
              {{.id = "b"}, idle}})
             .root;
    ASSERT_TRUE(root);
  }

  void TearDown() override {
    rt->faults.disarm();
    root->stop(supervision::exit_reason::shutdown());
    end_of(root->handle());
  }

  response ask(std::string method, std::string path, std::string body = {},
               admin::access rules = {.allow_faults = true}) {
    return api{rt, {}, std::move(rules), {}}.handle(
      {.method = std::move(method),
       .path = std::move(path),
       .host = "localhost",
       .content_type = "application/json",
       .body = std::move(body)});
  }

  // The status and the message of what is refused.
  std::string refusal(std::string method, std::string path, std::string body) {
    auto what = ask(std::move(method), std::move(path), std::move(body));
    return std::to_string(what.status) + " "
           + json::parse(what.body).value("error", "");
  }

  json point(const std::string& name) {
    return json::parse(ask("GET", "/faults/" + name).body);
  }

  std::unique_ptr<actor::tree_root> root;
};

TEST_F(FaultsApi, ListsPointsWithWhatTheyKnow) {
  auto all = json::parse(ask("GET", "/faults").body);

  EXPECT_EQ(all["seed"], rt->faults.seed());
  EXPECT_EQ(all["allowed"], true);
  ASSERT_EQ(all["points"].size(), 3U);
  auto& stop = all["points"][2];
  EXPECT_EQ(stop["name"], "actor.stop");
  EXPECT_EQ(stop["term"], nullptr);
  EXPECT_THAT(stop["where"], HasSubstr("src/actor/fault_points.cpp:"));
  EXPECT_EQ(stop["actions"], json({"off", "exit", "kill", "delay", "hang",
                                   "drop", "dup", "log", "abort"}));
}

TEST_F(FaultsApi, ArmsAndDisarms) {
  EXPECT_EQ(
    ask("PUT", "/faults/actor.start", R"-({"term":"3*throw(x)"})-").status,
    200);
  EXPECT_EQ(point("actor.start")["term"], "3*throw(x)");

  EXPECT_EQ(json::parse(ask("DELETE", "/faults/actor.start").body),
            json({{"disarmed", 1}}));
  EXPECT_EQ(point("actor.start")["term"], nullptr);
}

TEST_F(FaultsApi, SaysWhatIsWrongWithAFault) {
  EXPECT_THAT(refusal("PUT", "/faults/actor.start", R"({"term":"drp"})"),
              HasSubstr("400 at 0: expected an action"));
  EXPECT_THAT(refusal("PUT", "/faults/actor.start", R"({"term":"drop"})"),
              HasSubstr("400 actor.start cannot drop; it knows off error"));
  EXPECT_THAT(refusal("PUT", "/faults/actor.strt", R"({"term":"kill"})"),
              HasSubstr("404 no fault point is named actor.strt; near: "));
  EXPECT_THAT(refusal("PUT", "/faults/actor.start", R"({"term":"abort"})"),
              HasSubstr("must not be aborted"));
  for (auto body :
       {"", "[]", "{}", R"({"term":1})", R"({"term":"kill","more":1})"})
    EXPECT_EQ(ask("PUT", "/faults/actor.start", body).status, 400) << body;
  EXPECT_EQ(ask("GET", "/faults/nothing").status, 404);
  EXPECT_EQ(ask("PUT", "/faults", R"({"term":"kill"})").status, 405);
  EXPECT_EQ(ask("POST", "/faults/actor.start", "{}").status, 405);
}

TEST_F(FaultsApi, SetsTheSeed) {
  EXPECT_EQ(
    ask("POST", "/faults/seed", R"({"seed":12345678901234567890})").status,
    200);
  EXPECT_EQ(rt->faults.seed(), 12345678901234567890U);
  for (auto body : {"{}", R"({"seed":-1})", R"({"seed":"1"})"})
    EXPECT_EQ(ask("POST", "/faults/seed", body).status, 400) << body;
}

TEST_F(FaultsApi, GivesNoFaultsUnlessTheyAreAllowed) {
  admin::access closed;
  for (auto [method, path, body] :
       {std::tuple{"PUT", "/faults/actor.start", R"({"term":"kill"})"},
        {"POST", "/faults/seed", R"({"seed":1})"},
        {"POST", "/actors/suspend", R"({"path":"top"})"},
        {"POST", "/actors/stall", R"({"reactor":0,"time_ms":1})"}}) {
    auto refused = ask(method, path, body, closed);
    EXPECT_EQ(refused.status, 403) << path;
    EXPECT_THAT(refused.body, HasSubstr("--allow-faults"));
  }
  EXPECT_EQ(ask("GET", "/faults", {}, closed).status, 200);
  EXPECT_EQ(ask("DELETE", "/faults", {}, closed).status, 200);
}

TEST_F(FaultsApi, NeedsTheTokenWhereOneIsSet) {
  admin::access rules{.token = "secret", .allow_faults = true};
  EXPECT_EQ(
    ask("PUT", "/faults/actor.start", R"({"term":"kill"})", rules).status, 401);
  EXPECT_EQ(ask("DELETE", "/faults", {}, rules).status, 401);
  EXPECT_EQ(ask("POST", "/actors/flood", R"({"path":"top"})", rules).status,
            401);
}

// -- by path ------------------------------------------------------------------

TEST_F(FaultsApi, SuspendsUntilEverythingIsHealed) {
  api server{rt, {}, {.allow_faults = true}, {}};
  request req{.method = "POST",
              .path = "/actors/suspend",
              .host = "localhost",
              .content_type = "application/json",
              .body = R"({"path":"top/sub"})"};
  EXPECT_EQ(server.handle(req).status, 200);
  actor::crash(*rt, "top/sub/a", {});
  EXPECT_TRUE(eventually([&] { return !rt->directory.find("top/sub/a"); }));

  req = {.method = "DELETE", .path = "/faults", .host = "localhost"};
  EXPECT_EQ(json::parse(server.handle(req).body), json({{"disarmed", 1}}));

  EXPECT_TRUE(eventually([&] { return rt->directory.find("top/sub/a"); }));
}

TEST_F(FaultsApi, FailsStarts) {
  EXPECT_EQ(
    ask("POST", "/actors/fail_starts", R"({"path":"top/b","count":2})").status,
    200);
  EXPECT_EQ(point("actor.start:top/b")["term"], "2*throw(asked to fail)");
}

TEST_F(FaultsApi, BurnsABudget) {
  EXPECT_EQ(ask("POST", "/actors/burn_budget", R"({"path":"top"})").status,
            200);
  end_of(root->handle());
}

TEST_F(FaultsApi, SaysWhomItCannotStrike) {
  for (auto what : {"suspend", "resume", "kill_random", "burn_budget",
                    "fail_starts", "refuse_stop", "flood"}) {
    auto path = std::string{"/actors/"} + what;
    EXPECT_EQ(ask("POST", path, R"({"path":"nobody"})").status, 404) << what;
    EXPECT_EQ(ask("POST", path, R"({"path":1})").status, 400) << what;
    EXPECT_EQ(ask("POST", path, "{}").status, 400) << what;
    EXPECT_EQ(ask("GET", path).status, 405) << what;
  }
  // A plain CAF actor has nothing before its mailbox.
  EXPECT_EQ(ask("POST", "/actors/suspend", R"({"path":"top/b"})").status, 400);
  EXPECT_EQ(ask("POST", "/actors/burn_budget", R"({"path":"top/b"})").status,
            400);
  EXPECT_EQ(ask("POST", "/actors/flood", R"({"path":"top","count":0})").status,
            400);
  EXPECT_EQ(ask("POST", "/actors/stall", R"({"reactor":0})").status, 400);
  EXPECT_EQ(ask("POST", "/actors/stall", R"({"reactor":0,"time_ms":5})").status,
            404);
  EXPECT_EQ(ask("POST", "/actors/whatever", R"({"path":"top"})").status, 404);
}

} // namespace

} // namespace faults_api_test
