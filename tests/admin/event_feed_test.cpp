// SPDX-License-Identifier: BSD-3-Clause

#include "admin/api.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <variant>

namespace event_feed_test {

using namespace coppice;
using namespace coppice::admin;
using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace {

class EventFeed : public test::actor_fixture {
protected:
  api admin_{rt, {}, {}, {}};

  void publish(std::string path) {
    observe::event ev;
    ev.path = std::move(path);
    ev.detail = "…\nsecond line";
    rt->events.publish(std::move(ev));
  }

  static request get(std::string path,
                     std::map<std::string, std::string> query = {}) {
    return {.method = "GET",
            .path = std::move(path),
            .query = std::move(query),
            .host = "localhost"};
  }

  event_feed feed(const request& req) {
    return admin_.open_feed(req).value();
  }

  event_feed feed_since(std::string seq) {
    return feed(get("/events/stream", {{"since", std::move(seq)}}));
  }

  // The numbers of the events in what a feed says.
  static std::vector<std::string> ids(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("id: "))
        result.push_back(line.substr(4, line.find('-') - 4));
    return result;
  }

  // What `round` finds out if it takes less than the second after which events
  // are shown in any case. On a busy machine it may have to try again.
  template <class Round>
  static auto in_time(Round round) {
    for (auto begin = std::chrono::steady_clock::now();;) {
      auto before = std::chrono::steady_clock::now();
      auto result = round();
      auto after = std::chrono::steady_clock::now();
      if (after - before < 1s)
        return result;
      if (after - begin > test::deadline)
        throw std::runtime_error{"this machine is too slow"};
    }
  }

  int refusal(const request& req) {
    return admin_.open_feed(req).error().status;
  }
};

} // namespace

TEST_F(EventFeed, BeginsWithAGreetingTheTreeAndTheTraffic) {
  auto said = feed(get("/events/stream")).next();

  EXPECT_TRUE(said.starts_with("event: hello\ndata: {")) << said;
  EXPECT_THAT(said, HasSubstr(R"("allow_faults":false)"));
  auto began = std::to_string(rt->events.began().time_since_epoch().count());
  EXPECT_THAT(said, HasSubstr(R"("began_mono_ns":)" + began));
  EXPECT_THAT(said, HasSubstr("event: tree\ndata: null\n\n"));
  EXPECT_THAT(said, HasSubstr("event: traffic\ndata: {"));
}

TEST_F(EventFeed, ShowsWhatHappensFromNowOn) {
  publish("before");
  auto live = feed(get("/events/stream"));
  EXPECT_THAT(ids(live.next()), IsEmpty());

  publish("after");

  auto said = live.next();
  EXPECT_THAT(ids(said), ElementsAre("2"));
  EXPECT_THAT(said, HasSubstr(R"("path":"after")"));
}

TEST_F(EventFeed, ShowsWhatHappenedSince) {
  for (auto path : {"a", "b", "c"})
    publish(path);

  EXPECT_THAT(ids(feed_since("0").next()), ElementsAre("1", "2", "3"));
  EXPECT_THAT(ids(feed_since("2").next()), ElementsAre("3"));
}

TEST_F(EventFeed, ObeysTheLastIdThatABrowserHasSeen) {
  for (auto path : {"a", "b", "c"})
    publish(path);
  auto again = get("/events/stream", {{"since", "0"}});
  again.last_event_id = event_id(2, rt->events);

  EXPECT_THAT(ids(feed(again).next()), ElementsAre("3"));
}

TEST_F(EventFeed, BeginsAnewForWhomAServerHasServedThatCountedLess) {
  for (auto path : {"a", "b", "c"})
    publish(path);
  observe::event_bus former;
  auto again = get("/events/stream");
  again.last_event_id = event_id(2, former);

  EXPECT_THAT(ids(feed(again).next()), ElementsAre("1", "2", "3"));
}

TEST_F(EventFeed, BeginsAnewForWhomAnotherProcessHasServed) {
  publish("a");

  EXPECT_THAT(ids(feed_since("500").next()), ElementsAre("1"));
}

TEST_F(EventFeed, KeepsEachEventOnALine) {
  publish("a");

  auto said = feed_since("0").next();

  EXPECT_THAT(said, HasSubstr(R"(\nsecond line)"));
  EXPECT_THAT(said, Not(HasSubstr("\nsecond line")));
}

TEST_F(EventFeed, TellsOfWhatIsNotKept) {
  for (int i = 0; i < 4100; ++i)
    publish("a");

  EXPECT_THAT(feed_since("0").next(), HasSubstr("event: missed\ndata: 4\n"));
}

TEST_F(EventFeed, ShowsTheTreeWhenItHasChanged) {
  auto live = feed(get("/events/stream"));
  live.next();
  rt->tree.add("", "top", supervision::child_type::supervisor, {}, 1);

  std::string said;
  ASSERT_TRUE(eventually([&] {
    said += live.next();
    return said.find("event: tree") != std::string::npos;
  }));

  EXPECT_THAT(said, HasSubstr(R"("path":"top")"));
}

TEST_F(EventFeed, TellsOfConnectionsIfItIsAskedTo) {
  auto write = [this](std::uint64_t id) {
    observe::connection_record record;
    record.connection = id;
    rt->connections.at("hub")->push(record);
    rt->connections.drain([](auto, auto&) {});
  };
  write(1);
  auto live = feed(get("/events/stream", {{"connections", "true"}}));
  auto silent = feed(get("/events/stream"));
  write(2);

  auto said = live.next();

  EXPECT_THAT(said, HasSubstr("event: connection\ndata: {"));
  EXPECT_THAT(said, HasSubstr("hub/connection:2"));
  EXPECT_THAT(said, Not(HasSubstr("hub/connection:1")));
  EXPECT_THAT(silent.next(), Not(HasSubstr("connection:")));
  auto kept = admin_.handle(get("/connections", {{"since", "1"}}));
  ASSERT_EQ(kept.status, 200);
  auto body = json::parse(kept.body);
  ASSERT_EQ(body["events"].size(), 1U);
  EXPECT_EQ(body["events"][0]["seq"], 2);
  EXPECT_EQ(body["events"][0]["kind"], "connection_opened");
  EXPECT_EQ(body["last_seq"], 2);
  EXPECT_EQ(admin_.handle(get("/connections", {{"since", "x"}})).status, 400);
}

// All feeds are read by one thread, which none of them may hold up.
TEST_F(EventFeed, NeitherWaitsForTheJournalNorShowsWhatItHasNotKept) {
  auto kept = false;
  auto longest = 0ms;
  rt->may_show = [&](auto, auto patience) {
    longest = std::max(longest, patience);
    return kept;
  };
  struct seen {
    event_feed live;
    std::string said = {};
    bool waited = false;
    std::vector<std::string> shown = {};
  };

  auto [live, said, waited, shown] = in_time([&] {
    seen result{feed(get("/events/stream"))};
    publish("a");
    result.said = result.live.next();
    result.waited = result.live.waits_for_journal();
    publish("b");
    result.shown = ids(result.live.next());
    return result;
  });

  EXPECT_THAT(ids(said), IsEmpty());
  EXPECT_THAT(said, HasSubstr("event: traffic"));
  EXPECT_TRUE(waited);
  EXPECT_THAT(shown, IsEmpty());
  kept = true;
  auto last = rt->events.last_seq();
  EXPECT_THAT(ids(live.next()),
              ElementsAre(std::to_string(last - 1), std::to_string(last)));
  EXPECT_FALSE(live.waits_for_journal());
  EXPECT_EQ(longest, 0ms);
}

TEST_F(EventFeed, ShowsAnEventASecondAfterItHappenedKeptOrNot) {
  rt->may_show = [](auto, auto) { return false; };
  auto live = feed(get("/events/stream"));
  auto begin = std::chrono::steady_clock::now();
  publish("a");

  std::vector<std::string> shown;
  ASSERT_TRUE(eventually([&] {
    shown = ids(live.next());
    return !shown.empty();
  }));

  EXPECT_THAT(shown, ElementsAre("1"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_THAT(ids(feed_since("0").next()), ElementsAre("1")); // at once
}

TEST_F(EventFeed, HistoryWaitsForTheJournalAtMostASecond) {
  auto asked = 0ms;
  rt->may_show = [&](auto, auto patience) {
    asked = patience;
    return true;
  };

  auto said = in_time([&] {
    publish("a");
    return admin_.handle(get("/events")).body;
  });

  EXPECT_THAT(said, HasSubstr(R"("path":"a")"));
  EXPECT_GT(asked, 0ms);
  EXPECT_LE(asked, 1s);
}

TEST_F(EventFeed, SaysSomethingEverySecond) {
  auto live = feed(get("/events/stream"));
  live.next();
  auto begin = std::chrono::steady_clock::now();

  while (live.next().empty())
    ASSERT_LT(std::chrono::steady_clock::now() - begin, test::deadline);
}

TEST_F(EventFeed, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(refusal(get("/events/stream", {{"since", "x"}})), 400);
  auto foreign = get("/events/stream");
  foreign.host = "evil.example";
  EXPECT_EQ(refusal(foreign), 403);
}

TEST_F(EventFeed, HistoryHasABeginningAndALimit) {
  for (auto path : {"a", "b", "c"})
    publish(path);

  auto said = admin_.handle(get("/events", {{"since", "1"}, {"limit", "1"}}));

  ASSERT_EQ(said.status, 200);
  auto body = json::parse(said.body);
  ASSERT_EQ(body["events"].size(), 1U);
  EXPECT_EQ(body["events"][0]["path"], "b");
  EXPECT_EQ(body["missed"], 0);
  EXPECT_EQ(body["last_seq"], 3);
  for (auto limit : {"0", "-1", "x", "", "1 "})
    EXPECT_EQ(admin_.handle(get("/events", {{"limit", limit}})).status, 400)
      << limit;
}

TEST_F(EventFeed, ThePageIsForBrowsersAndTheIndexForOthers) {
  auto browser = get("/");
  browser.accept = "text/html,application/xhtml+xml,*/*;q=0.8";

  auto page = admin_.handle(browser);
  auto index = admin_.handle(get("/"));

  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.headers.at("Content-Security-Policy"),
              HasSubstr("default-src 'self'"));
  EXPECT_EQ(index.content_type, "text/plain");
  EXPECT_EQ(admin_.handle(get("/page/main.js")).content_type,
            "text/javascript; charset=utf-8");
  EXPECT_EQ(admin_.handle(get("/page/nothing.js")).status, 404);
}

} // namespace event_feed_test
