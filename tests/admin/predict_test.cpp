// SPDX-License-Identifier: BSD-3-Clause

#include "actor/actor_faults.hpp"
#include "admin/api.hpp"
#include "support/actor_fixture.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <memory>

namespace predict_test {

using namespace coppice;
using namespace coppice::admin;
using namespace std::chrono_literals;
using nlohmann::json;
using observe::event_kind;

namespace {

class Predict : public test::actor_fixture {
protected:
  void SetUp() override {
    auto idle = [](const actor::start_args& args) -> actor::start_result {
      return actor::running{args.rt->system.spawn<test::idle_actor>()};
    };
    supervision::flags rest{.strategy = supervision::strategy::rest_for_one,
                            .intensity = 1,
                            .period = 60s};
    root
      = actor::tree_root::start(
          rt, "top", {.intensity = 1, .period = 60s},
          {actor::supervisor_child(
             "sub", rest,
             {{{.id = "a"}, idle}, {{.id = "b"}, idle}, {{.id = "c"}, idle}}),
           {{.id = "lone", .restart = supervision::restart::temporary}, idle}})
          .value_or(nullptr);
    ASSERT_TRUE(root);
  }

  void TearDown() override {
    root->stop(supervision::exit_reason::shutdown());
    end_of(root->handle());
  }

  response ask(std::string path, std::map<std::string, std::string> query) {
    return api{rt, {}, {.allow_faults = true}, {}}.handle(
      {.method = "GET",
       .path = std::move(path),
       .query = std::move(query),
       .host = "localhost"});
  }

  json predict(std::string path, std::string reason = "kill") {
    auto said = ask("/predict", {{"path", path}, {"reason", reason}});
    EXPECT_EQ(said.status, 200) << said.body;
    return json::parse(said.body);
  }

  // The first event of its kind at `path` after `seq`.
  std::optional<observe::event> next(event_kind kind, const std::string& path,
                                     std::uint64_t seq) {
    std::optional<observe::event> result;
    eventually([&] {
      for (auto& each : rt->events.after(seq, 1000).events)
        if (each->kind == kind && each->path == path && !result)
          result = *each;
      return result.has_value();
    });
    return result;
  }

  std::unique_ptr<actor::tree_root> root;
};

} // namespace

TEST_F(Predict, FirstSaysWhatThenHappens) {
  auto foretold = predict("top/sub/b", "boom")["decisions"];
  auto before = rt->events.last_seq();

  actor::crash(*rt, "top/sub/b", supervision::exit_reason::abnormal("boom"));

  auto decided = next(event_kind::restarting, "top/sub/b", before);
  ASSERT_TRUE(decided && decided->decided);
  ASSERT_EQ(foretold.size(), 1U);
  EXPECT_EQ(foretold[0]["outcome"], "restarts");
  EXPECT_EQ(foretold[0]["supervisor"], "top/sub");
  EXPECT_EQ(foretold[0]["strategy"], to_string(decided->decided->strategy));
  EXPECT_EQ(foretold[0]["affected"], json(decided->decided->affected));
  EXPECT_EQ(foretold[0]["budget_used"], decided->decided->budget_used);
  EXPECT_EQ(foretold[0]["intensity"], decided->decided->intensity);
}

TEST_F(Predict, AsksTheParentWhatAnEscalationComesTo) {
  auto before = rt->events.last_seq();
  actor::crash(*rt, "top/sub/c", supervision::exit_reason::abnormal("boom"));
  ASSERT_TRUE(next(event_kind::child_restarted, "top/sub/c", before));

  auto foretold = predict("top/sub/a")["decisions"];
  before = rt->events.last_seq();
  actor::crash(*rt, "top/sub/a", {});

  ASSERT_TRUE(next(event_kind::gave_up, "top/sub", before));
  auto decided = next(event_kind::restarting, "top/sub", before);
  ASSERT_TRUE(decided && decided->decided);
  ASSERT_EQ(foretold.size(), 2U);
  EXPECT_EQ(foretold[0]["outcome"], "gives_up");
  EXPECT_EQ(foretold[0]["ends_with"], "shutdown");
  EXPECT_EQ(foretold[1]["outcome"], "restarts");
  EXPECT_EQ(foretold[1]["supervisor"], "top");
  EXPECT_EQ(foretold[1]["affected"], json(decided->decided->affected));
  EXPECT_EQ(foretold[1]["budget_used"], decided->decided->budget_used);
}

TEST_F(Predict, FirstSaysWhatABurntBudgetComesTo) {
  auto said = ask("/predict", {{"path", "top/sub"}, {"action", "burn_budget"}});
  ASSERT_EQ(said.status, 200) << said.body;
  auto foretold = json::parse(said.body)["decisions"];
  auto before = rt->events.last_seq();

  actor::burn_budget(*rt, "top/sub");

  ASSERT_TRUE(next(event_kind::gave_up, "top/sub", before));
  auto decided = next(event_kind::restarting, "top/sub", before);
  ASSERT_TRUE(decided && decided->decided);
  ASSERT_EQ(foretold.size(), 2U);
  EXPECT_EQ(foretold[0]["supervisor"], "top/sub");
  EXPECT_EQ(foretold[0]["outcome"], "gives_up");
  EXPECT_EQ(foretold[1]["supervisor"], "top");
  EXPECT_EQ(foretold[1]["outcome"], "restarts");
  EXPECT_EQ(foretold[1]["budget_used"], decided->decided->budget_used);
}

TEST_F(Predict, SaysWhatOtherFaultsComeTo) {
  auto outcome = [&](std::string path, std::string action) {
    auto said = ask("/predict", {{"path", path}, {"action", action}});
    EXPECT_EQ(said.status, 200) << said.body;
    return json::parse(said.body)["decisions"][0];
  };

  EXPECT_EQ(outcome("top/sub/a", "suspend")["outcome"], "waits");
  auto refused = outcome("top/sub/a", "refuse_stop");
  EXPECT_EQ(refused["outcome"], "killed");
  EXPECT_EQ(refused["wait_ms"], 5000);
  EXPECT_EQ(outcome("top/sub", "refuse_stop")["outcome"], "waits");
  EXPECT_EQ(outcome("top/sub/a", "fail_starts")["outcome"], "gives_up");
}

TEST_F(Predict, KnowsNobodyAboveTheRoot) {
  auto said = ask("/predict", {{"path", "top"}, {"action", "suspend"}});

  ASSERT_EQ(said.status, 200) << said.body;
  EXPECT_TRUE(json::parse(said.body)["decisions"].empty());
  EXPECT_EQ(json::parse(said.body)["ends_all"], false);
}

TEST_F(Predict, SaysWhenTheRootEnds) {
  auto whole = predict("top");
  EXPECT_TRUE(whole["decisions"].empty());
  EXPECT_EQ(whole["ends_all"], true);

  EXPECT_EQ(predict("top/lone")["ends_all"], false);
  EXPECT_EQ(predict("top/lone")["decisions"][0]["outcome"], "left_down");
}

TEST_F(Predict, ChangesNothing) {
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(predict("top/sub/a")["decisions"][0]["budget_used"], 1);

  EXPECT_EQ(rt->tree.look(std::chrono::steady_clock::now())
              ->children[0]
              .supervisor->budget_used,
            0U);
}

TEST_F(Predict, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(ask("/predict", {}).status, 400);
  EXPECT_EQ(ask("/predict", {{"path", "top/nobody"}}).status, 404);
  EXPECT_EQ(ask("/predict", {{"path", "top/sub/a"}, {"action", "x"}}).status,
            400);
  EXPECT_EQ(
    ask("/predict", {{"path", "top/sub/a"}, {"action", "burn_budget"}}).status,
    409);
}

TEST_F(Predict, SaysWhenASupervisorDoesNotAnswer) {
  ASSERT_EQ(actor::suspend(*rt, "top/sub"), actor::fault_outcome::done);

  auto said = ask("/predict", {{"path", "top/sub/a"}});

  EXPECT_EQ(said.status, 504);
  EXPECT_EQ(json::parse(said.body)["error"],
            "top/sub did not answer within a second");
  actor::resume(*rt, "top/sub");
}

TEST_F(Predict, PlaysTheThreeStrategiesSideBySide) {
  auto said = ask("/sandbox", {{"crash", "b"}});

  ASSERT_EQ(said.status, 200);
  auto all = json::parse(said.body)["strategies"];
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(all[i]["rounds"].size(), 1U);
  EXPECT_EQ(all[0]["strategy"], "one_for_one");
  EXPECT_EQ(all[0]["rounds"][0]["affected"], json({"b"}));
  EXPECT_EQ(all[1]["strategy"], "one_for_all");
  EXPECT_EQ(all[1]["rounds"][0]["affected"], json({"a", "b", "c"}));
  EXPECT_EQ(all[2]["strategy"], "rest_for_one");
  EXPECT_EQ(all[2]["rounds"][0]["affected"], json({"b", "c"}));
}

// Two restarts, and the third failure is one too many: the supervisor above
// restarts it once, and it can do so again; the second time all ends.
TEST_F(Predict, TheSandboxEscalatesWhenItsBudgetIsUsed) {
  auto said = ask("/sandbox", {{"crash", "a"}, {"times", "9"}});

  ASSERT_EQ(said.status, 200);
  auto rounds = json::parse(said.body)["strategies"][0]["rounds"];
  ASSERT_EQ(rounds.size(), 6U);
  for (auto i : {0U, 1U, 3U, 4U}) {
    EXPECT_EQ(rounds[i]["outcome"], "restarts") << i;
    EXPECT_EQ(rounds[i]["budget_used"], i % 3 + 1) << i;
    EXPECT_FALSE(rounds[i].contains("above")) << i;
  }
  EXPECT_EQ(rounds[2]["outcome"], "gives_up");
  EXPECT_EQ(rounds[2]["above"]["outcome"], "restarts");
  EXPECT_EQ(rounds[2]["above"]["affected"], json({"team"}));
  EXPECT_EQ(rounds[2]["above"]["budget_used"], 1);
  EXPECT_EQ(rounds[5]["outcome"], "gives_up");
  EXPECT_EQ(rounds[5]["above"]["outcome"], "gives_up");
}

TEST_F(Predict, TheSandboxHasTheBudgetThatIsAskedFor) {
  auto said = ask("/sandbox", {{"crash", "b"}, {"intensity", "0"}});

  ASSERT_EQ(said.status, 200);
  auto all = json::parse(said.body)["strategies"];
  for (auto& each : all)
    EXPECT_EQ(each["rounds"][0]["outcome"], "gives_up");
}

TEST_F(Predict, TheSandboxLeavesDownWhatIsTemporary) {
  auto said = ask("/sandbox",
                  {{"crash", "b"}, {"restart", "temporary"}, {"times", "3"}});

  ASSERT_EQ(said.status, 200);
  auto all = json::parse(said.body)["strategies"];
  for (auto& each : all) {
    ASSERT_EQ(each["rounds"].size(), 1U);
    EXPECT_EQ(each["rounds"][0]["outcome"], "left_down");
  }
}

TEST_F(Predict, TheSandboxRefusesWhatItDoesNotUnderstand) {
  using query = std::map<std::string, std::string>;
  for (auto& each :
       {query{}, query{{"crash", "d"}}, query{{"crash", "a"}, {"times", "0"}},
        query{{"crash", "a"}, {"times", "10"}},
        query{{"crash", "a"}, {"times", "1x"}},
        query{{"crash", "a"}, {"intensity", "6"}},
        query{{"crash", "a"}, {"intensity", "-1"}},
        query{{"crash", "a"}, {"intensity", ""}},
        query{{"crash", "a"}, {"restart", "never"}}})
    EXPECT_EQ(ask("/sandbox", each).status, 400);
}

} // namespace predict_test
