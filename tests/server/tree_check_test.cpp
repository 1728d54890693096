// SPDX-License-Identifier: BSD-3-Clause

// What `coppice run --check` foresees.

#include "server/programs/tree_check.hpp"

#include "server/programs/endurance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace coppice::programs {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using verdict = endurance::verdict;

auto tree_of(std::string_view text) {
  auto result = read_tree(text, "t.toml", real_surroundings());
  if (!result)
    ADD_FAILURE() << ::testing::PrintToString(result.error());
  return result ? *result : tree{};
}

const supervision::flags three_a_minute{.intensity = 3, .period = 60s};

// -- endurance ----------------------------------------------------------------

TEST(tree_check, a_child_without_back_off_uses_up_the_budget_at_once) {
  auto result = endurance_of(three_a_minute, {.id = "a"});
  EXPECT_EQ(result.what, verdict::gives_up);
  EXPECT_EQ(result.crashes, 4u);
  EXPECT_EQ(result.latest, 0ms);
}

TEST(tree_check, a_child_with_a_short_back_off_takes_longer) {
  supervision::child_spec spec{.id = "a"};
  spec.backoff = supervision::backoff{.initial = 1s, .limit = 10s, .jitter = 0};
  auto result = endurance_of(three_a_minute, spec);
  EXPECT_EQ(result.what, verdict::gives_up);
  EXPECT_EQ(result.crashes, 4u);
  EXPECT_EQ(result.soonest, 7s);
  EXPECT_EQ(result.latest, 7s);
}

// 30 s for each of the last two waits: never more than three in 60 s.
TEST(tree_check, a_limit_beyond_the_budget_is_a_crash_loop_for_ever) {
  supervision::child_spec spec{.id = "a"};
  spec.backoff
    = supervision::backoff{.initial = 25s, .limit = 30s, .jitter = 0};
  EXPECT_EQ(endurance_of(three_a_minute, spec).what, verdict::never);
}

TEST(tree_check, chance_may_decide) {
  supervision::child_spec spec{.id = "a"};
  spec.backoff
    = supervision::backoff{.initial = 25s, .limit = 30s, .jitter = 0.5};
  EXPECT_EQ(endurance_of(three_a_minute, spec).what, verdict::may_give_up);
}

TEST(tree_check, a_temporary_child_and_one_with_its_own_budget_end_nobody) {
  EXPECT_EQ(
    endurance_of(three_a_minute,
                 {.id = "a", .restart = supervision::restart::temporary})
      .what,
    verdict::not_restarted);
  supervision::child_spec own{.id = "a"};
  own.intensity = 1;
  EXPECT_EQ(endurance_of(three_a_minute, own).what, verdict::never);
}

// -- the longest stop ---------------------------------------------------------

TEST(tree_check, the_longest_stop_is_a_sum) {
  auto what = tree_of(R"(
[[child]]
id = "migrate"
command = "m"
ready = { when = "exit" }
ready_within = "1m"
[[child]]
id = "storage"
[[child.child]]
id = "a"
command = "a"
shutdown = "15s"
[[child.child]]
id = "b"
command = "b"
[[child]]
id = "web"
command = "w"
copies = 3
shutdown = "2s"
[[child]]
id = "gone"
command = "g"
shutdown = "brutal_kill"
)");
  EXPECT_EQ(longest_stop(what), 26s);
}

TEST(tree_check, the_shutdown_of_a_supervisor_bounds_those_below) {
  auto what
    = tree_of("[[child]]\nid = \"s\"\nshutdown = \"3s\"\n[[child.child]]\n"
              "id = \"a\"\ncommand = \"a\"\nshutdown = \"infinity\"\n");
  EXPECT_EQ(longest_stop(what), 3s);
}

TEST(tree_check, infinity_is_no_limit) {
  auto what = tree_of("[tree]\nstop_within = \"9s\"\n[[child]]\nid = \"a\"\n"
                      "command = \"a\"\nshutdown = \"infinity\"\n");
  EXPECT_FALSE(longest_stop(what));
  EXPECT_THAT(described(what),
              HasSubstr("longest stop: no limit: the shutdown of a program is "
                        "infinity; what is left after stop_within = 9s is "
                        "killed"));
}

// -- the text -----------------------------------------------------------------

TEST(tree_check, draws_the_tree_and_says_what_will_be) {
  auto text = described(tree_of(R"(
[tree]
name = "shop"
strategy = "rest_for_one"
intensity = 3
period = "60s"
auto_shutdown = "any_significant"
stop_within = "28s"
[[child]]
id = "migrate"
command = ["bin/migrate", "up"]
ready = { when = "exit" }
ready_within = "2m"
[[child]]
id = "storage"
[[child.child]]
id = "redis"
command = "redis-server --requirepass ${REDIS_PASS:-hush}"
backoff = { initial = "10s", limit = "30s" }
[[child]]
id = "web"
command = "web"
restart = "transient"
significant = true
)"));
  EXPECT_EQ(
    text,
    R"(shop          rest_for_one, 3 restarts in 1m, ends with any significant child
├─ migrate    bin/migrate up, ready by exit within 2m
├─ storage    one_for_one, 1 restart in 5s
│  └─ redis   redis-server --requirepass ${REDIS_PASS:-hush}
└─ web        web, transient, significant

longest stop: 10s, one child after the other; stop_within = 28s is enough
  docker kills after 10s unless stop_grace_period says otherwise, Kubernetes after 30s (terminationGracePeriodSeconds)

if a program crashes again and again, as soon as it starts
  shop           migrate, storage, web: gives up after 4 crashes at once
  shop/storage   redis: may give up after 2 crashes within 5s, if chance makes the waits short
)");
}

// -- what is missing ----------------------------------------------------------

TEST(tree_check, says_which_programs_and_folders_are_missing) {
  auto what = tree_of(R"(
[[child]]
id = "a"
command = "no-such-program-here x"
environment = { PATH = "/usr/bin:/bin" }
[[child]]
id = "b"
command = "sh"
directory = "/no/such/folder"
[[child]]
id = "c"
command = ["/etc/passwd"]
[[child]]
id = "d"
command = ["sh", "-c", "true"]
directory = "/tmp"
ready = { when = "command", command = "./no-such-probe" }
ready_within = "1s"
)");
  auto all = missing(what, "t.toml", real_surroundings());
  EXPECT_THAT(all,
              ElementsAre("t.toml:2: child \"a\": program "
                          "\"no-such-program-here\": No such file or directory "
                          "(not in PATH of the child: /usr/bin:/bin)",
                          "t.toml:6: child \"b\": directory "
                          "\"/no/such/folder\": No such file or directory",
                          "t.toml:10: child \"c\": program \"/etc/passwd\": "
                          "Permission denied",
                          "t.toml:13: child \"d\": program "
                          "\"./no-such-probe\": No such file or directory"));
}

TEST(tree_check, finds_what_is_there) {
  EXPECT_THAT(missing(tree_of("[[child]]\nid = \"a\"\ncommand = \"sh\"\n"),
                      "t.toml", real_surroundings()),
              IsEmpty());
}

} // namespace

} // namespace coppice::programs
