// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/point.hpp"
#include "coppice/testing/faults.hpp"

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace faults_test {

using namespace coppice;
using namespace coppice::testing;
using ::testing::ElementsAre;

namespace {

class FaultScope : public ::testing::Test {
protected:
  fault::registry faults;
  fault::point save{faults, "app.save", "before the file is written"};
  fault::point load{faults, "app.load", "before the file is read"};
};

std::vector<std::string> texts(const std::vector<fault_case>& cases) {
  std::vector<std::string> result;
  for (auto& each : cases)
    result.push_back(::testing::PrintToString(each));
  return result;
}

} // namespace

TEST_F(FaultScope, ArmsForItsLife) {
  {
    fault_scope scope{faults, "app.save", "throw(boom)"};
    EXPECT_THROW(save.apply(), fault::injected);
    EXPECT_EQ(scope.fires(), 1U);
  }
  EXPECT_NO_THROW(save.apply());
}

TEST_F(FaultScope, FailsATestWithoutAHit) {
  EXPECT_NONFATAL_FAILURE((fault_scope{faults, "app.save", "throw(boom)"}),
                          "app.save was armed with throw(boom) and has not "
                          "fired; it was hit 0 times");
}

TEST_F(FaultScope, SaysHowOftenAPointWasHitInVain) {
  EXPECT_NONFATAL_FAILURE(
    {
      fault_scope scope(faults, "app.save", "@3 throw(boom)");
      save.apply();
      save.apply();
    },
    "app.save was armed with @3 throw(boom) and has not fired; it was hit 2 "
    "times");
}

TEST_F(FaultScope, WantsEveryPointThatItArmedToFire) {
  EXPECT_NONFATAL_FAILURE(
    {
      fault_scope scope(faults, "app.*", "drop");
      EXPECT_TRUE(save.hit());
    },
    "app.load was armed with drop and has not fired");
}

TEST_F(FaultScope, CountsFromItsBeginning) {
  {
    fault_scope scope{faults, "app.save", "drop"};
    EXPECT_TRUE(save.hit());
  }
  EXPECT_NONFATAL_FAILURE((fault_scope{faults, "app.save", "drop"}),
                          "it was hit 0 times");
}

TEST_F(FaultScope, RefusesWhatCannotBeArmed) {
  EXPECT_THROW((fault_scope{faults, "app.sav", "drop"}), std::invalid_argument);
  EXPECT_THROW((fault_scope{faults, "app.save", "dorp"}),
               std::invalid_argument);
}

// -- matrices -----------------------------------------------------------------

TEST(FaultMatrix, HasWhatEachPointCanDo) {
  auto cases = fault_matrix([](fault::registry& faults) {
    using enum fault::action_kind;
    fault::point{faults, "app.save", "", {exception, error}};
    fault::point{faults, "app.send", "", {drop, dup, delay}};
  });

  EXPECT_THAT(texts(cases),
              ElementsAre("app.save=1*error(EIO)", "app.save=1*throw(fault)",
                          "app.send=1*delay(20ms)", "app.send=1*drop",
                          "app.send=1*dup"));
}

TEST(FaultMatrix, TakesPointsThatMatch) {
  fault::registry faults;
  fault::point{faults, "app.save", "", {fault::action_kind::drop}};
  fault::point{faults, "net.send", "", {fault::action_kind::drop}};

  EXPECT_THAT(texts(fault_matrix(faults, "net.*")),
              ElementsAre("net.send=1*drop"));
}

TEST(FaultMatrix, MultipliesListsOfOnesOwn) {
  EXPECT_THAT(texts(fault_matrix({"a", "b"}, {"drop", "2*dup"})),
              ElementsAre("a=drop", "a=2*dup", "b=drop", "b=2*dup"));
}

TEST(FaultMatrix, HasATermOfEachActionButOffAndAbort) {
  for (auto kind : fault::all_actions())
    if (kind == fault::action_kind::off || kind == fault::action_kind::abort)
      EXPECT_EQ(term_of(kind), "");
    else
      EXPECT_TRUE(fault::parse_term(term_of(kind))) << term_of(kind);
}

TEST(FaultMatrix, NamesItsTests) {
  auto name = [](std::string point, std::string term) {
    return name_of_fault_case({{std::move(point), std::move(term)}, 0});
  };

  EXPECT_EQ(name("app.save", "1*throw(fault)"), "app_save_throw");
  EXPECT_EQ(name("app.save", "1*error(EIO)"), "app_save_error_EIO");
  EXPECT_EQ(name("actor.start:a/b", "20%drop"), "actor_start_a_b_20_drop");
}

} // namespace faults_test
