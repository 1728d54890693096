// SPDX-License-Identifier: BSD-3-Clause

#include "admin/api.hpp"

#include "actor/directory.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <tuple>

namespace faults_api_test {

using namespace coppice;
using namespace coppice::admin;
using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

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
             .value_or(nullptr);
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

namespace {

class LeasedFault : public FaultsApi {
protected:
  int put(const std::string& path, const std::string& body) {
    return ask_all("PUT", path, body);
  }

  int post(const std::string& path, const std::string& body) {
    return ask_all("POST", path, body);
  }

  // Ends the lease; how much was undone.
  int end_of_lease(const std::string& name) {
    auto said = all.handle(made("DELETE", "/leases/" + name, {}));
    return json::parse(said.body).value("undone", -1);
  }

  int ask_all(std::string method, std::string path, std::string body = {}) {
    return all.handle(made(std::move(method), std::move(path), std::move(body)))
      .status;
  }

  // With the lease behind the path, if there is one.
  static request made(std::string method, std::string path, std::string body) {
    request result{.method = std::move(method),
                   .host = "localhost",
                   .content_type = "application/json",
                   .body = std::move(body)};
    if (auto mark = path.find("?lease="); mark != path.npos) {
      result.query["lease"] = path.substr(mark + 7);
      path.resize(mark);
    }
    result.path = std::move(path);
    return result;
  }

  // What a point is armed with; empty: it is not.
  std::string term_of(std::string_view name) const {
    for (auto& each : rt->faults.list())
      if (each.name == name)
        return each.term;
    return {};
  }

  // Does `what` on another thread as soon as something is armed or cleared, and
  // holds that up until `seen` or, if nothing is to be seen, for a moment.
  std::function<void()>
  amid_the_next(std::function<void()> what, std::function<bool()> seen,
                std::chrono::milliseconds moment = 100ms) {
    return [this, what = std::move(what), seen = std::move(seen), moment] {
      other = std::async(std::launch::async, what);
      auto until = std::chrono::steady_clock::now() + moment;
      while (!seen() && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    };
  }

  void SetUp() override {
    FaultsApi::SetUp();
    for (auto name : {"one", "two"})
      ASSERT_EQ(put(std::string{"/leases/"} + name, R"({"ttl_ms": 600000})"),
                200);
  }

  api all{rt, {}, {.allow_faults = true}, {}};
  observe::event_reader watcher{rt->events, "watcher", 0};
  std::future<void> other;
  const std::string mine = R"x({"term": "delay(7ms)"})x";
  const std::string off = R"({"term": "off"})";
  const std::string a = R"({"path": "top/sub/a"})";
  const std::string sub = R"({"path": "top/sub"})";
  const std::string start_of_a = "/faults/actor.start:top/sub/a";
};

} // namespace

TEST_F(LeasedFault, GoesOffTheLeaseOnceItIsCleared) {
  struct {
    std::string arm;
    std::string body;
    std::string method;
    std::string clear;
  } const each[]{
    {"PUT", start_of_a, "DELETE", start_of_a},
    {"PUT", start_of_a, "DELETE", "/faults/actor.*"},
    {"PUT", start_of_a, "DELETE", "/faults"},
    {"/actors/fail_starts", a, "DELETE", start_of_a},
    {"/actors/refuse_stop", a, "DELETE", "/faults/*"},
    {"/actors/suspend", sub, "POST", "/actors/resume"},
    {"/actors/suspend", sub, "DELETE", "/faults"},
  };
  for (auto& [arm, body, method, clear] : each) {
    SCOPED_TRACE(arm + " " + clear);
    ASSERT_EQ(put("/leases/one", R"({"ttl_ms": 600000})"), 200);
    auto armed = arm == "PUT" ? put(body + "?lease=one", off)
                              : post(arm + "?lease=one", body);
    ASSERT_EQ(armed, 200);

    ASSERT_EQ(ask_all(method, clear, method == "POST" ? sub : ""), 200);

    EXPECT_EQ(end_of_lease("one"), 0);
  }
}

TEST_F(LeasedFault, StaysOnTheLeaseWhenAnotherIsCleared) {
  ASSERT_EQ(put(start_of_a + "?lease=one", off), 200);
  ASSERT_EQ(post("/actors/suspend?lease=one", sub), 200);

  ASSERT_EQ(ask_all("DELETE", "/faults/actor.stop*"), 200);
  ASSERT_EQ(ask_all("POST", "/actors/resume", R"({"path": "top"})"), 200);

  EXPECT_EQ(end_of_lease("one"), 2);
}

TEST_F(LeasedFault, BelongsToWhoeverArmedItLast) {
  ASSERT_EQ(put(start_of_a + "?lease=one", off), 200);
  ASSERT_EQ(put(start_of_a + "?lease=two", off), 200);
  EXPECT_EQ(end_of_lease("one"), 0);
  EXPECT_EQ(end_of_lease("two"), 1);

  ASSERT_EQ(put("/leases/one", R"({"ttl_ms": 600000})"), 200);
  ASSERT_EQ(post("/actors/fail_starts?lease=one", a), 200);
  ASSERT_EQ(put(start_of_a, R"x({"term": "delay(7ms)"})x"), 200);
  EXPECT_EQ(end_of_lease("one"), 0);
  EXPECT_THAT(all.handle(made("GET", "/faults", {})).body,
              HasSubstr("delay(7ms)"));
}

TEST_F(LeasedFault, ByAPatternLeavesAPointToWhoeverArmedItLast) {
  ASSERT_EQ(put("/faults/actor.*?lease=one", off), 200);
  ASSERT_EQ(put("/faults/actor.start", mine), 200);

  EXPECT_EQ(end_of_lease("one"), 2);
  EXPECT_EQ(term_of("actor.start"), "delay(7ms)");
  EXPECT_EQ(term_of("actor.stop"), "");
}

TEST_F(LeasedFault, GoesOffTheLeaseWhenAPatternArmsItAgain) {
  ASSERT_EQ(put("/faults/actor.start?lease=one", off), 200);
  ASSERT_EQ(post("/actors/fail_starts?lease=one", a), 200);
  ASSERT_EQ(put("/faults/actor.stop?lease=one", off), 200);
  ASSERT_EQ(put("/faults/actor.start*", mine), 200);

  EXPECT_EQ(end_of_lease("one"), 1);
  EXPECT_EQ(term_of("actor.start"), "delay(7ms)");
  EXPECT_EQ(term_of("actor.start:top/sub/a"), "delay(7ms)");
  EXPECT_EQ(term_of("actor.stop"), "");
}

TEST_F(LeasedFault, GoesToAnotherLeaseWhenAPatternArmsItThere) {
  ASSERT_EQ(put("/faults/actor.*?lease=one", off), 200);
  ASSERT_EQ(put("/faults/actor.st*?lease=two", mine), 200);

  EXPECT_EQ(end_of_lease("one"), 1);
  EXPECT_EQ(term_of("actor.start"), "delay(7ms)");
  EXPECT_EQ(end_of_lease("two"), 2);
  EXPECT_EQ(term_of("actor.start"), "");
}

// actor.start:* is also the name of a point.
TEST_F(LeasedFault, ForAllActorsLeavesThatForOneAlone) {
  ASSERT_EQ(put("/faults/actor.start:*?lease=one", off), 200);
  ASSERT_EQ(put(start_of_a, mine), 200);

  EXPECT_EQ(end_of_lease("one"), 1);
  EXPECT_EQ(term_of("actor.start:*"), "");
  EXPECT_EQ(term_of("actor.start:top/sub/a"), "delay(7ms)");
}

TEST_F(LeasedFault, ArmedAgainWhileItsLeaseEndsStays) {
  ASSERT_EQ(put("/faults/actor.start?lease=one", off), 200);
  ASSERT_EQ(put("/faults/actor.stop?lease=one", off), 200);
  watcher.take(1000);
  watcher.on_pending(
    amid_the_next([this] { EXPECT_EQ(put("/faults/actor.start", mine), 200); },
                  [this] { return term_of("actor.start") == "delay(7ms)"; }));

  EXPECT_GE(end_of_lease("one"), 1);

  other.get();
  EXPECT_EQ(term_of("actor.start"), "delay(7ms)");
  EXPECT_EQ(term_of("actor.stop"), "");
}

TEST_F(LeasedFault, ArmedOnAnotherLeaseWhileItsOwnEndsStays) {
  ASSERT_EQ(put("/faults/actor.start?lease=one", off), 200);
  watcher.take(1000);
  watcher.on_pending(
    amid_the_next([this] { end_of_lease("one"); },
                  [this] { return term_of("actor.start").empty(); }));

  EXPECT_EQ(put("/faults/actor.start?lease=two", mine), 200);

  other.get();
  EXPECT_EQ(term_of("actor.start"), "delay(7ms)");
  EXPECT_EQ(end_of_lease("two"), 1);
}

TEST_F(LeasedFault, WhoseLeaseEndsMeanwhileLeavesTheNextOneAlone) {
  watcher.take(1000);
  watcher.on_pending(amid_the_next(
    [this] {
      end_of_lease("one");
      EXPECT_EQ(put("/faults/actor.start", mine), 200);
    },
    [this] { return term_of("actor.start") == "delay(7ms)"; }));

  put("/faults/actor.start?lease=one", off); // too late, or undone at once

  other.get();
  EXPECT_EQ(term_of("actor.start"), "delay(7ms)");
}

// A request that arms something may wait for it.
TEST_F(LeasedFault, IsClearedThoughSomebodyArmsSomething) {
  ASSERT_EQ(put("/faults/actor.stop", off), 200);
  auto cleared = false;
  watcher.take(1000);
  watcher.on_pending(amid_the_next(
    [this] { ask_all("DELETE", "/faults/actor.stop"); },
    [&] { return cleared = term_of("actor.stop").empty(); }, 20s));

  ASSERT_EQ(put("/faults/actor.start?lease=one", off), 200);

  other.get();
  EXPECT_TRUE(cleared);
}

TEST_F(LeasedFault, MayBeArmedAndClearedForEver) {
  for (int i = 0; i < 10'100; ++i) {
    ASSERT_EQ(put(start_of_a + "?lease=one", off), 200) << i;
    ASSERT_EQ(put("/faults/actor.start?lease=one", off), 200) << i;
    ASSERT_EQ(ask_all("DELETE", "/faults/actor.start"), 200);
  }
  EXPECT_EQ(end_of_lease("one"), 1);
}

} // namespace faults_api_test
