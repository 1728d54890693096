// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/point.hpp"
#include "coppice/fault/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace path_point_test {

using namespace coppice::fault;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using enabled_point = basic_path_point<true>;

class PathPoint : public testing::Test {
protected:
  // What arming says, or `armed`.
  std::string arm(std::string_view pattern, std::string_view text) {
    auto result = faults_.arm(pattern, parse_term(text).value());
    return result ? "armed" : to_string(result.error());
  }

  // The text of what happens at `path`, or nothing.
  std::string at(std::string_view path) {
    auto what = start_.hit(path);
    return what ? what->text : "";
  }

  registry faults_{{.seed = 1}};
  enabled_point start_{faults_, "actor.start", "before a start"};
};

TEST_F(PathPoint, IsArmedForAllByItsName) {
  EXPECT_EQ(arm("actor.start", "throw(x)"), "armed");

  EXPECT_EQ(at("app/a"), "x");
  EXPECT_EQ(at("app/b"), "x");
}

TEST_F(PathPoint, IsArmedForSomeByAPattern) {
  EXPECT_EQ(arm("actor.start:app/a*", "throw(x)"), "armed");

  EXPECT_EQ(at("app/a1"), "x");
  EXPECT_EQ(at("app/b"), "");
}

TEST_F(PathPoint, TakesAPatternForTheEndOfAPath) {
  EXPECT_EQ(arm("actor.start:a", "throw(x)"), "armed");

  EXPECT_EQ(at("app/pool/a"), "x");
  EXPECT_EQ(at("a"), "x");
  EXPECT_EQ(at("app/ba"), "");
}

TEST_F(PathPoint, LetsTheLatestPatternDecideThenWhatIsForAll) {
  arm("actor.start", "throw(all)");
  arm("actor.start:app/*", "throw(app)");
  arm("actor.start:a", "throw(a)");

  EXPECT_EQ(at("app/a"), "a");
  EXPECT_EQ(at("app/b"), "app");
  EXPECT_EQ(at("other"), "all");

  faults_.disarm("actor.start:a");
  EXPECT_EQ(at("app/a"), "app");
}

TEST_F(PathPoint, GoesOnToTheNextWhenATermIsUsedUp) {
  arm("actor.start", "throw(all)");
  arm("actor.start:a", "1*throw(a)");

  EXPECT_EQ(at("app/a"), "a");
  EXPECT_EQ(at("app/a"), "all");

  arm("actor.start:a", "off");
  EXPECT_EQ(at("app/a"), "");
}

TEST_F(PathPoint, IsArmedForAPatternAlsoIfPartsOfItWereArmedBefore) {
  arm("actor.start:a1", "throw(x)");
  faults_.disarm();

  EXPECT_EQ(arm("actor.start:a*", "throw(y)"), "armed");

  EXPECT_EQ(at("app/a1"), "y");
  EXPECT_EQ(at("app/a2"), "y");
}

TEST_F(PathPoint, IsNotArmedOnceNoPatternIs) {
  arm("actor.start:a", "throw(x)");
  EXPECT_TRUE(start_.armed());

  faults_.disarm();

  EXPECT_FALSE(start_.armed());
}

TEST_F(PathPoint, IsNotArmedForMorePatternsThanAreAnyGood) {
  std::string last;
  for (int i = 0; i <= 1000; ++i)
    last = arm("actor.start:a" + std::to_string(i), "kill");

  EXPECT_EQ(last,
            "actor.start:a1000: points have been armed for too many patterns");
  EXPECT_EQ(faults_.list().size(), 1001U);
}

TEST_F(PathPoint, LeavesNothingBehindWhenItIsRefused) {
  arm("actor.start:a b", "kill");
  basic_path_point<true> stop{faults_, "actor.stop", "", {action_kind::drop}};
  arm("actor.stop:a", "kill");

  EXPECT_EQ(faults_.list().size(), 2U);
}

TEST_F(PathPoint, CountsForEachPattern) {
  armed_for scope{faults_, "actor.start:a", "2*throw(x)"};

  EXPECT_EQ(at("app/a") + at("app/b") + at("app/a") + at("app/a"), "xx");
  EXPECT_EQ(scope.fires(), 2U);
}

TEST_F(PathPoint, IsListedWithEachPatternItWasArmedFor) {
  arm("actor.start:a", "throw(x)");

  std::vector<std::string> names;
  for (auto& each : faults_.list())
    names.push_back(each.name + " " + each.term);

  EXPECT_THAT(names, ElementsAre("actor.start ", "actor.start:a throw(x)"));
}

TEST_F(PathPoint, MeetsAPlanThatWasMadeBeforeIt) {
  registry faults;
  EXPECT_TRUE(faults.arm(parse_plan("actor.start:a=throw(x)").value()));
  EXPECT_EQ(faults.unmet().size(), 1U);

  enabled_point start{faults, "actor.start", ""};

  EXPECT_TRUE(start.hit("app/a"));
  EXPECT_FALSE(start.hit("app/b"));
  EXPECT_TRUE(faults.unmet().empty());
}

TEST_F(PathPoint, ThatIsCalledAsAPatternIsDisarmedAlone) {
  arm("actor.start:*", "throw(x)");
  arm("actor.start:a", "throw(x)");

  EXPECT_EQ(faults_.disarm_one("actor.start:*"), 1U);
  EXPECT_EQ(at("app/a"), "x");
  EXPECT_EQ(at("app/b"), "");
  EXPECT_EQ(faults_.disarm_one("actor.*"), 0U);
  EXPECT_EQ(at("app/a"), "x");
}

TEST_F(PathPoint, IsRefusedIfNoPointIsNamedSo) {
  EXPECT_THAT(arm("actor.stat:a", "throw(x)"),
              HasSubstr("no fault point is named actor.stat:a"));
}

TEST(Actions, ThatAPlaceDoesNotKnowAreRefusedAndNothingIsArmed) {
  registry faults;
  basic_point<true> all{faults, "a.all", ""};
  basic_point<true> some{
    faults, "a.some", "", {action_kind::drop, action_kind::delay}};

  auto result = faults.arm("a.*", parse_term("drop->kill").value());

  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error()),
            "a.some cannot kill; it knows off delay drop log abort");
  EXPECT_FALSE(all.hit());
  EXPECT_TRUE(faults.arm("a.some", parse_term("log(x)->drop").value()));
}

TEST(Actions, OfAPlanAreRefusedAsAWhole) {
  registry faults;
  basic_point<true> some{faults, "some", "", {action_kind::drop}};

  EXPECT_FALSE(faults.arm(parse_plan("some=drop;some=throw(x)").value()));

  EXPECT_FALSE(some.hit());
}

} // namespace

} // namespace path_point_test
