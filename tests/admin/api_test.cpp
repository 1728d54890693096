// SPDX-License-Identifier: BSD-3-Clause

#include "admin/api.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/process/program.hpp"
#include "support/actor_fixture.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace api_test {

using namespace coppice;
using namespace coppice::admin;
using nlohmann::json;

namespace {

class AdminApi : public test::actor_fixture {
protected:
  void SetUp() override {
    auto idle = [](const actor::start_args& args) -> actor::start_result {
      return actor::running{args.rt->system.spawn<test::idle_actor>()};
    };
    auto result = actor::tree_root::start(rt, "top", {}, {{{.id = "a"}, idle}});
    ASSERT_TRUE(result) << result.error().message;
    root = *std::move(result);
  }

  void TearDown() override {
    root->stop(supervision::exit_reason::shutdown());
    end_of(root->handle());
  }

  static request get(std::string path) {
    return {.method = "GET", .path = std::move(path), .host = "localhost:6060"};
  }

  static request kill(std::string body) {
    return {.method = "POST",
            .path = "/kill",
            .host = "127.0.0.1:6060",
            .content_type = "application/json",
            .body = std::move(body)};
  }

  int status(const request& req, admin::access rules = {}) {
    return api{rt, {}, rules, {}}.handle(req).status;
  }

  std::unique_ptr<actor::tree_root> root;
};

constexpr auto kill_a = R"({"path": "top/a"})";

} // namespace

TEST_F(AdminApi, ShowsTheTree) {
  auto answer = api{rt, {}, {}, {}}.handle(get("/tree"));

  ASSERT_EQ(answer.status, 200);
  auto top = json::parse(answer.body);
  EXPECT_EQ(top["id"], "top");
  EXPECT_EQ(top["type"], "supervisor");
  EXPECT_EQ(top["strategy"], "one_for_one");
  EXPECT_EQ(top["children"][0]["path"], "top/a");
  EXPECT_EQ(top["children"][0]["incarnation"], 1);
  EXPECT_EQ(top["children"][0]["state"], "running");
}

TEST_F(AdminApi, KillsByPathAndSaysHow) {
  auto answer = api{rt, {}, {}, {}}.handle(kill(kill_a));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body),
            json({{"path", "top/a"}, {"reason", "kill"}}));
}

TEST_F(AdminApi, KillsAProgramOrAsksItToEndButGivesItNoReason) {
  process::program what;
  what.command = {"sleep", "60"};
  ASSERT_TRUE(actor::start_child(root->handle(),
                                 process::process_child({.id = "p"}, what))
                .get());

  EXPECT_EQ(status(kill(R"({"path": "top/p", "reason": "boom"})")), 409);
  EXPECT_EQ(status(kill(R"({"path": "top/p", "signal": "CONT"})")), 200);
  EXPECT_EQ(status(kill(R"({"path": "top/p", "signal": "NONE"})")), 400);
  EXPECT_EQ(status(kill(R"({"path": "top/a", "signal": "CONT"})")), 409);
  EXPECT_EQ(status(kill(R"({"path": "top/b", "signal": "CONT"})")), 404);
  EXPECT_EQ(status(kill(R"({"path": "top/b", "reason": "boom"})")), 404);
  EXPECT_EQ(status(kill(R"({"path": "top/p", "reason": "shutdown"})")), 200);
}

TEST_F(AdminApi, RefusesWhatItDoesNotUnderstand) {
  for (auto body : {"", "[]", "{", R"({"path": 1})", R"({"reason": "x"})",
                    R"({"path": "top/a", "reason": 7})"})
    EXPECT_EQ(status(kill(body)), 400) << body;
  EXPECT_EQ(status(kill(R"({"path": "top/b"})")), 404);
  EXPECT_EQ(status(get("/nowhere")), 404);
  EXPECT_EQ(status(get("/kill")), 405);
  for (auto type : {"", "text/plain", "application/jsonx"}) {
    auto form = kill(kill_a);
    form.content_type = type;
    EXPECT_EQ(status(form), 415) << type;
  }
  auto charset = kill(kill_a);
  charset.content_type = "application/json ; charset=utf-8";
  EXPECT_EQ(status(charset), 200);
}

TEST_F(AdminApi, ErrorsSayWhatToDo) {
  auto answer = api{rt, {}, {}, {}}.handle(kill(R"({"path": "top/b"})"));

  EXPECT_EQ(json::parse(answer.body)["error"],
            "there is no actor at \"top/b\"");
}

TEST_F(AdminApi, AnswersInUtf8WhateverItIsAsked) {
  auto answer = api{rt, {}, {}, {}}.handle(get("/\xff"));

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(json::parse(answer.body)["error"],
            "there is nothing at /\uFFFD; GET / lists what there is");
}

TEST_F(AdminApi, ServesLoopbackNamesAloneWhereItListensOnLoopback) {
  for (auto host :
       {"localhost", "localhost:1", "127.0.0.1:6060", "[::1]:6060"}) {
    auto req = get("/tree");
    req.host = host;
    EXPECT_EQ(status(req), 200) << host;
  }
  for (auto host : {"", "evil.example", "evil.example:6060", "10.0.0.1",
                    "localhost.evil.example", "["}) {
    auto req = get("/tree");
    req.host = host;
    EXPECT_EQ(status(req), 403) << host;
  }
  auto elsewhere = get("/tree");
  elsewhere.host = "coppice:6060";
  EXPECT_EQ(status(elsewhere, {.token = "t", .loopback = false}), 200);
}

TEST_F(AdminApi, RefusesThePagesOfOthers) {
  auto req = kill(kill_a);
  req.origin = "http://evil.example";
  EXPECT_EQ(status(req), 403);
  req.origin = "http://127.0.0.1:6060";
  EXPECT_EQ(status(req), 200);
}

TEST_F(AdminApi, AnswersBrowsersForItsOwnPageAlone) {
  auto req = get("/events");
  req.fetch_site = "cross-site";
  EXPECT_EQ(status(req), 403);
  req.fetch_site = "same-origin";
  EXPECT_EQ(status(req), 200);

  auto followed = get("/"); // a link to it
  followed.fetch_site = "cross-site";
  EXPECT_EQ(status(followed), 200);
}

TEST_F(AdminApi, NeedsTheTokenToChangeSomethingButNotToLook) {
  admin::access rules{.token = "secret"};
  auto req = kill(kill_a);
  EXPECT_EQ(status(req, rules), 401);
  for (auto wrong : {"secret", "Bearer wrong!", "Bearer secret2", "Bearer "}) {
    req.authorization = wrong;
    EXPECT_EQ(status(req, rules), 401) << wrong;
  }
  req.authorization = "Bearer secret";
  EXPECT_EQ(status(req, rules), 200);
  EXPECT_EQ(status(get("/tree"), rules), 200);
}

} // namespace api_test
