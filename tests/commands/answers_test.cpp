// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"

#include "commands/listener_drawing.hpp"
#include "commands/live_tree.hpp"
#include "commands/tree_drawing.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace answers_test {

using namespace coppice::commands;
using nlohmann::json;

namespace {

const json tree = json::parse(R"({
  "id": "top", "path": "top", "state": "running", "restarts": 0,
  "strategy": "one_for_one", "budget_used": 1, "intensity": 3,
  "period_seconds": 5, "children": [
    {"id": "a", "path": "top/a", "state": "running", "restarts": 2,
     "connections": 7, "last_exit": "boom", "children": []}]})");

const json listeners = json::parse(R"({"listeners": [
  {"name": "echo", "state": "listening", "local": "127.0.0.1:1", "active": 1,
   "limits": {"max_connections": 5, "idle_ms": null},
   "counters": {"accepted": 3, "accept_errnos": {"EMFILE": 2}}}]})");

// What everything that reads an answer makes of it.
void read_everything(const json& what) {
  for (auto* read : {+[](const json& j) { return draw_tree(j); },
                     +[](const json& j) { return draw_listeners(j); },
                     +[](const json& j) {
                       std::string all;
                       for (auto& path : paths_of(j))
                         all += path;
                       return all.substr(0, 0);
                     }})
    try {
      for (auto c : read(what))
        ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
    } catch (const foreign_answer&) {
      // nop: it was noticed
    }
}

json any_value(std::mt19937& random) {
  switch (random() % 9) {
  case 0:
    return nullptr;
  case 1:
    return -1;
  case 2:
    return 1.5;
  case 3:
    return "text\n\x1b";
  case 4:
    return json::array();
  case 5:
    return json::object();
  case 6:
    return true;
  case 7:
    return json::array({json::object()});
  default:
    return UINT64_MAX;
  }
}

// Another value somewhere, or nothing where something was.
void change(json& what, std::mt19937& random) {
  if (what.is_structured() && !what.empty() && random() % 5 != 0) {
    auto i = what.begin();
    std::advance(i, random() % what.size());
    if (random() % 5 == 0)
      what.erase(i);
    else
      change(*i, random);
    return;
  }
  what = any_value(random);
}

} // namespace

TEST(Answers, ThatAreChangedInAnyWayAreReadOrNoticed) {
  std::mt19937 random{20261128};
  for (int round = 0; round < 20'000; ++round) {
    auto what = random() % 2 == 0 ? tree : listeners;
    for (auto left = 1 + random() % 3; left > 0; --left)
      change(what, random);

    ASSERT_NO_FATAL_FAILURE(read_everything(what)) << what;
  }
}

TEST(Answers, OfTheServerAreRead) {
  EXPECT_NO_THROW(draw_tree(tree));
  EXPECT_NO_THROW(draw_listeners(listeners));
}

TEST(Answers, ThatNameLimitsAreShownByTheOptionsThatSetThem) {
  auto what = listeners;
  what["listeners"][0]["limits"]
    = {{"goodbye_ms", 1000u},           {"idle_ms", 90'000u},
       {"first_byte_ms", 1500u},        {"lifetime_ms", nullptr},
       {"max_connections", 5},          {"overflow", "queue"},
       {"reject_after_ms", UINT64_MAX}, {"newer", 7}};

  EXPECT_EQ(draw_listeners(what),
            "echo: listening on 127.0.0.1:1; 1 connection\n"
            "  limits    --first-byte-timeout 1500ms, --goodbye-timeout 1s, "
            "--idle-timeout 90s, --max-connections 5, newer 7, "
            "--overflow queue, --reject-after 18446744073709551615\n"
            "  counters  accepted 3\n"
            "  errors    EMFILE 2\n");
}

TEST(Answers, ThatAreNestedWithoutEndAreNoticed) {
  const std::string deep
    = std::string(100'000, '[') + std::string(100'000, ']');

  EXPECT_THROW(json_of(deep), foreign_answer);
  EXPECT_THROW(json_of("{\"a\":"), foreign_answer);
  EXPECT_THROW(json_of("<html>"), foreign_answer);
  EXPECT_THROW(json_of(""), foreign_answer);
}

TEST(Answers, AreWrittenInAscii) {
  EXPECT_EQ(in_ascii({{"a", "\u009b\x7fä"}}), R"({"a":"\u009b\u007f\u00e4"})");
}

} // namespace answers_test
