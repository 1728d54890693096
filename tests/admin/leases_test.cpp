// SPDX-License-Identifier: BSD-3-Clause

#include "admin/leases.hpp"

#include "admin/leases_api.hpp"
#include "admin/listeners_api.hpp"
#include "admin/toxics_api.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace leases_test {

using namespace coppice::admin;
using namespace std::chrono_literals;
using outcome = leases::outcome;

namespace {

// Long enough for any machine.
constexpr auto patience = 20s;

} // namespace

TEST(Leases, UndoWhatTheyHaveWhenTheyRunOutTheLastFirst) {
  std::vector<int> undone;
  std::promise<std::pair<std::string, std::size_t>> ended;
  leases all{[&](const std::string& name, std::size_t count) {
    ended.set_value({name, count});
  }};

  ASSERT_EQ(all.keep("a", 50ms), outcome::done);
  ASSERT_EQ(all.put("a", "one", [&] { undone.push_back(1); }), outcome::done);
  ASSERT_EQ(all.put("a", "two", [&] { undone.push_back(2); }), outcome::done);
  auto told = ended.get_future();

  ASSERT_EQ(told.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(told.get(), (std::pair<std::string, std::size_t>{"a", 2}));
  EXPECT_EQ(undone, (std::vector{2, 1}));
  EXPECT_FALSE(all.has("a"));
  EXPECT_EQ(all.put("a", "one", [] {}), outcome::unknown);
}

TEST(Leases, ThatAreRenewedOutliveOthers) {
  std::promise<std::string> first;
  leases all{
    [&](const std::string& name, std::size_t) { first.set_value(name); }};
  ASSERT_EQ(all.keep("renewed", 100ms), outcome::done);
  ASSERT_EQ(all.keep("forgotten", 100ms), outcome::done);

  ASSERT_EQ(all.keep("renewed", 1h), outcome::done);
  auto told = first.get_future();

  ASSERT_EQ(told.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(told.get(), "forgotten");
  EXPECT_TRUE(all.has("renewed"));
}

TEST(Leases, EndWhenTheyAreToldTo) {
  auto undone = 0;
  leases all{[](const std::string&, std::size_t) { FAIL(); }};
  ASSERT_EQ(all.keep("a", 1h), outcome::done);
  ASSERT_EQ(all.put("a", "one", [&] { ++undone; }), outcome::done);

  EXPECT_EQ(all.end("a"), 1U);

  EXPECT_EQ(undone, 1);
  EXPECT_EQ(all.end("a"), 0U);
}

TEST(Leases, UndoOfTheSameThingTheNewestAlone) {
  std::vector<int> undone;
  auto add
    = [&](int number) { return [&, number] { undone.push_back(number); }; };
  leases all{[](const std::string&, std::size_t) { FAIL(); }};
  ASSERT_EQ(all.keep("a", 1h), outcome::done);
  ASSERT_EQ(all.put("a", "one", add(1)), outcome::done);
  ASSERT_EQ(all.put("a", "two", add(2)), outcome::done);

  ASSERT_EQ(all.put("a", "one", add(3)), outcome::done);

  EXPECT_EQ(all.end("a"), 2U);
  EXPECT_EQ(undone, (std::vector{3, 2}));
}

TEST(Leases, LeaveAThingToTheOneThatAskedForItLast) {
  std::string undone;
  leases all{[](const std::string&, std::size_t) { FAIL(); }};
  ASSERT_EQ(all.keep("a", 1h), outcome::done);
  ASSERT_EQ(all.keep("b", 1h), outcome::done);
  ASSERT_EQ(all.put("a", "one", [&] { undone += "a"; }), outcome::done);
  ASSERT_EQ(all.put("b", "one", [&] { undone += "b"; }), outcome::done);

  EXPECT_EQ(all.end("a"), 0U);
  EXPECT_EQ(undone, "");
  EXPECT_EQ(all.end("b"), 1U);
  EXPECT_EQ(undone, "b");
}

TEST(Leases, ThatEndKeepAThingUntilItsTurn) {
  std::string undone;
  leases all{[](const std::string&, std::size_t) { FAIL(); }};
  ASSERT_EQ(all.keep("a", 1h), outcome::done);
  ASSERT_EQ(all.keep("b", 1h), outcome::done);
  ASSERT_EQ(all.put("a", "again", [&] { undone += "1"; }), outcome::done);
  ASSERT_EQ(all.put("a", "on b", [&] { undone += "2"; }), outcome::done);
  auto do_again = [&] {
    all.forget(all.mark(), [](auto key) { return key == "again"; });
    ASSERT_EQ(all.put("b", "on b", [&] { undone += "b"; }), outcome::done);
    undone += "3";
  };
  ASSERT_EQ(all.put("a", "last", do_again), outcome::done);

  EXPECT_EQ(all.end("a"), 1U);
  EXPECT_EQ(undone, "3");
  EXPECT_EQ(all.end("b"), 1U);
  EXPECT_EQ(undone, "3b");
}

TEST(Leases, UndoNothingWhileSomebodyDoesSomething) {
  auto undone = 0;
  leases all{[](const std::string&, std::size_t) { FAIL(); }};
  ASSERT_EQ(all.keep("a", 1h), outcome::done);
  ASSERT_EQ(all.put("a", "one", [&] { ++undone; }), outcome::done);
  auto does = all.hold();
  auto ended = std::async(std::launch::async, [&] { return all.end("a"); });
  while (all.has("a"))
    std::this_thread::yield();

  all.forget(all.mark(), [](auto) { return true; });
  does.unlock();

  EXPECT_EQ(ended.get(), 0U);
  EXPECT_EQ(undone, 0);
}

TEST(Leases, HaveRoomForWhoeverArmsAndDisarmsInALoop) {
  leases all{[](const std::string&, std::size_t) { FAIL(); }};
  ASSERT_EQ(all.keep("a", 1h), outcome::done);
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(all.put("a", std::to_string(i % 7), [] {}), outcome::done) << i;
  for (int i = 0; i < 20'000; ++i) {
    auto key = std::to_string(i);
    ASSERT_EQ(all.put("a", key, [] {}), outcome::done) << i;
    all.forget(all.mark(), [&](auto each) { return each == key; });
  }

  EXPECT_EQ(all.end("a"), 0U);
}

TEST(Leases, DoNotForgetWhatWasDoneAgainMeanwhile) {
  leases all{[](const std::string&, std::size_t) { FAIL(); }};
  ASSERT_EQ(all.keep("a", 1h), outcome::done);
  ASSERT_EQ(all.put("a", "old", [] {}), outcome::done);
  auto before = all.mark();
  ASSERT_EQ(all.put("a", "new", [] {}), outcome::done);

  all.forget(before, [](auto) { return true; });

  EXPECT_EQ(all.end("a"), 1U);
}

TEST(Leases, AreBounded) {
  leases all{[](const std::string&, std::size_t) {}};
  for (int i = 0; i < 64; ++i)
    ASSERT_EQ(all.keep(std::to_string(i), 1h), outcome::done);

  EXPECT_EQ(all.keep("one more", 1h), outcome::too_many);
  EXPECT_EQ(all.keep("7", 1h), outcome::done);
}

// -- what clears what ---------------------------------------------------------

namespace {

request removal(std::string path, std::string connection = {}) {
  request result{"DELETE", std::move(path)};
  if (!connection.empty())
    result.query["connection"] = std::move(connection);
  return result;
}

// Clears what `undo` would undo.
bool clears(lease_effect effect, const request& asked, const request& undo) {
  auto gone = clearing(effect, asked, nlohmann::json::object());
  return gone && gone(key_of(undo));
}

} // namespace

TEST(Clearing, OfAToxicMeansThatOfTheSameConnection) {
  using enum lease_effect;
  auto one = removal("/listeners/echo/toxics/a");
  auto of_connection = removal("/listeners/echo/toxics/a", "7");

  EXPECT_TRUE(clears(removes_toxic, one, one));
  EXPECT_TRUE(clears(removes_toxic, of_connection, of_connection));
  EXPECT_FALSE(clears(removes_toxic, one, of_connection));
  EXPECT_FALSE(clears(removes_toxic, of_connection, one));
  EXPECT_TRUE(clears(removes_toxic, removal("/listeners/echo/toxics/a", "007"),
                     of_connection));
  EXPECT_FALSE(clears(removes_toxic, removal("/listeners/echo/toxics/b"), one));
  EXPECT_FALSE(
    clears(removes_toxic, removal("/listeners/other/toxics/a"), one));
}

// What a request does comes from its route, not from how its path ends.
TEST(Clearing, OfAToxicThatIsCalledToxicsIsOfItAlone) {
  const std::vector<coppice::net::listener_ptr> none;
  listeners_api listeners{none, {}};
  auto effect_of = [&](std::string_view path) {
    for (auto& each : toxics_routes(listeners))
      if (each.method == "DELETE" && match(each.pattern, path))
        return each.effect;
    return lease_effect::none;
  };
  auto called_toxics = removal("/listeners/echo/toxics/toxics");
  auto effect = effect_of(called_toxics.path);

  EXPECT_EQ(effect, lease_effect::removes_toxic);
  EXPECT_EQ(effect_of("/listeners/echo/toxics"), lease_effect::removes_toxics);
  EXPECT_TRUE(clears(effect, called_toxics, called_toxics));
  EXPECT_FALSE(
    clears(effect, called_toxics, removal("/listeners/echo/toxics/a")));
}

TEST(Clearing, OfAPointMeansAllThatMatchUnlessItIsToBeExact) {
  using enum lease_effect;
  auto all = removal("/faults/actor.start:*");
  auto exact = all;
  exact.query["exact"] = "true";
  auto one = removal("/faults/actor.start:a");

  EXPECT_TRUE(clears(disarms_points, all, all));
  EXPECT_TRUE(clears(disarms_points, all, one));
  EXPECT_TRUE(clears(disarms_points, exact, all));
  EXPECT_FALSE(clears(disarms_points, exact, one));
}

TEST(Clearing, OfAllToxicsMeansThoseOfTheListenerOrTheConnection) {
  using enum lease_effect;
  auto one = removal("/listeners/echo/toxics/a");
  auto of_connection = removal("/listeners/echo/toxics/a", "7");
  auto all = removal("/listeners/echo/toxics");
  auto all_of_connection = removal("/listeners/echo/toxics", "7");

  EXPECT_TRUE(clears(removes_toxics, all, one));
  EXPECT_TRUE(clears(removes_toxics, all, of_connection));
  EXPECT_TRUE(clears(removes_toxics, all_of_connection, of_connection));
  EXPECT_FALSE(clears(removes_toxics, all_of_connection, one));
  EXPECT_FALSE(clears(removes_toxics, removal("/listeners/other/toxics"), one));
  EXPECT_FALSE(clears(disarms_all, removal("/faults"), one));
}

} // namespace leases_test
