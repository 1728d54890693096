// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/point.hpp"
#include "coppice/fault/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace registry_test {

using namespace coppice::fault;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

using enabled_point = basic_point<true>;

term parsed(std::string_view text) {
  return parse_term(text).value();
}

plan planned(std::string_view text) {
  return parse_plan(text).value();
}

template <class What>
std::string armed(registry& owner, const What& what) {
  auto result = owner.arm(what);
  return result ? "armed" : to_string(result.error());
}

std::string armed(registry& owner, std::string_view pattern,
                  std::string_view text) {
  auto result = owner.arm(pattern, parsed(text));
  return result ? "armed" : to_string(result.error());
}

// The first hits of a point: x where it fires.
std::string pattern_of(const enabled_point& where, int hits = 64) {
  std::string result;
  for (int i = 0; i < hits; ++i)
    result += where.hit() ? 'x' : '.';
  return result;
}

class Registry : public testing::Test {
protected:
  registry faults_{{.seed = 1}};
  enabled_point recv_{faults_, "net.recv", "before bytes are read"};
  enabled_point send_{faults_, "net.send", "before bytes are sent"};
  enabled_point start_{faults_, "actor.start", "before an actor starts"};
};

// -- arming -------------------------------------------------------------------

TEST_F(Registry, ArmsAPointByName) {
  EXPECT_EQ(armed(faults_, "net.recv", "drop"), "armed");

  EXPECT_TRUE(recv_.hit());
  EXPECT_FALSE(send_.hit());
}

TEST_F(Registry, ArmsAllPointsThatMatch) {
  EXPECT_EQ(armed(faults_, "net.*", "drop"), "armed");

  EXPECT_TRUE(recv_.hit());
  EXPECT_TRUE(send_.hit());
  EXPECT_FALSE(start_.hit());
}

TEST_F(Registry, SaysWhichPointsItArmed) {
  EXPECT_THAT(faults_.arm("net.*", parsed("drop")).value(),
              ElementsAre("net.recv", "net.send"));
  EXPECT_THAT(faults_.arm("actor.start", parsed("drop")).value(),
              ElementsAre("actor.start"));
}

TEST_F(Registry, CountsForEachPointThatMatches) {
  EXPECT_EQ(armed(faults_, "net.*", "1*drop"), "armed");

  EXPECT_TRUE(recv_.hit());
  EXPECT_TRUE(send_.hit());
}

TEST_F(Registry, BeginsATermAnewWhenItIsArmedAgain) {
  EXPECT_EQ(armed(faults_, "net.recv", "1*drop"), "armed");
  EXPECT_EQ(pattern_of(recv_, 3), "x..");

  EXPECT_EQ(armed(faults_, "net.recv", "1*drop"), "armed");
  EXPECT_EQ(pattern_of(recv_, 3), "x..");
}

TEST_F(Registry, DisarmsWhatMatches) {
  EXPECT_EQ(armed(faults_, "*", "drop"), "armed");

  EXPECT_EQ(faults_.disarm("net.*"), 2U);
  EXPECT_FALSE(recv_.hit());
  EXPECT_TRUE(start_.hit());
  EXPECT_EQ(faults_.disarm(), 1U);
  EXPECT_FALSE(start_.hit());
}

TEST_F(Registry, RefusesAnUnknownPointAndNamesThoseNear) {
  EXPECT_EQ(armed(faults_, "net.rcv", "drop"),
            "no fault point is named net.rcv; near: net.recv");
  EXPECT_EQ(armed(faults_, "send", "drop"),
            "no fault point is named send; near: net.send");
  EXPECT_EQ(armed(faults_, "net.resd", "drop"),
            "no fault point is named net.resd; near: net.recv, net.send");
  EXPECT_EQ(armed(faults_, "disk.*", "drop"), "no fault point is named disk.*");
}

TEST_F(Registry, RefusesToAbortAProcessUnlessItMay) {
  EXPECT_EQ(armed(faults_, "net.recv", "3*off->abort"),
            "net.recv: this process must not be aborted");
  EXPECT_EQ(armed(faults_, planned("net.send=drop;net.recv=abort")),
            "net.recv: this process must not be aborted");
  EXPECT_FALSE(send_.hit());
}

TEST(RegistryOfATest, MayAbortItsProcess) {
  registry faults{{.allow_abort = true}};
  enabled_point here{faults, "here", ""};
  EXPECT_EQ(armed(faults, "here", "abort"), "armed");

  EXPECT_EXIT((void)here.hit(), testing::KilledBySignal(SIGABRT), "");
}

TEST_F(Registry, RefusesWhatIsNoName) {
  for (auto* name : {"", "a b", "a=b", "net.*", "a;b", "é"})
    EXPECT_THROW((enabled_point{faults_, name, ""}), std::invalid_argument)
      << name;
}

// -- patterns -----------------------------------------------------------------

struct pattern_case {
  std::string pattern;
  bool matches;
};

class Pattern : public testing::TestWithParam<pattern_case> {};

TEST_P(Pattern, MatchesNetRecv) {
  registry faults;
  enabled_point recv{faults, "net.recv", ""};

  EXPECT_EQ(faults.arm(GetParam().pattern, parsed("drop")).has_value(),
            GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
  Table, Pattern,
  testing::Values(pattern_case{"net.recv", true}, pattern_case{"net", false},
                  pattern_case{"", false}, pattern_case{"*", true},
                  pattern_case{"net.*", true}, pattern_case{"*recv", true},
                  pattern_case{"*recv*", true}, pattern_case{"n*t*r*v", true},
                  pattern_case{"**", true}, pattern_case{"net.recv*", true},
                  pattern_case{"*.", false}, pattern_case{"net.re*ecv", false},
                  pattern_case{"*e*e*", true}, pattern_case{"*e*e*e*", false},
                  pattern_case{"t.*", false}));

// -- plans --------------------------------------------------------------------

TEST_F(Registry, ArmsByAPlanWhatIsThereAndWhatComes) {
  EXPECT_EQ(armed(faults_, planned("net.*=drop")), "armed");
  enabled_point accept{faults_, "net.accept", ""};

  EXPECT_TRUE(recv_.hit());
  EXPECT_TRUE(accept.hit());
}

TEST_F(Registry, LetsTheLaterRuleOfAPlanHold) {
  EXPECT_EQ(armed(faults_, planned("net.*=drop;net.accept=dup;net.send=dup")),
            "armed");
  enabled_point accept{faults_, "net.accept", ""};

  EXPECT_EQ(accept.hit()->kind, action_kind::dup);
  EXPECT_EQ(send_.hit()->kind, action_kind::dup);
  EXPECT_EQ(recv_.hit()->kind, action_kind::drop);
}

TEST_F(Registry, TellsWhichRulesHaveNotMetAPoint) {
  EXPECT_EQ(armed(faults_, planned("net.rcv=drop;net.*=drop;disk.sync=drop")),
            "armed");
  enabled_point sync{faults_, "disk.sync", ""};

  auto unmet = faults_.unmet();
  ASSERT_EQ(unmet.size(), 1U);
  EXPECT_EQ(to_string(unmet[0]),
            "no fault point is named net.rcv; near: net.recv");
}

TEST_F(Registry, ForgetsTheRulesThatItDisarms) {
  EXPECT_EQ(armed(faults_, planned("net.*=drop;disk.*=drop")), "armed");
  faults_.disarm("net.*");
  enabled_point accept{faults_, "net.accept", ""};
  enabled_point sync{faults_, "disk.sync", ""};

  EXPECT_FALSE(accept.hit());
  EXPECT_TRUE(sync.hit());
}

TEST_F(Registry, DoesNotArmAPointAnewThatIsDeclaredAgain) {
  EXPECT_EQ(armed(faults_, planned("net.*=1*drop")), "armed");
  EXPECT_EQ(pattern_of(recv_, 2), "x.");

  enabled_point again{faults_, "net.recv", ""};
  EXPECT_FALSE(again.hit());
}

// -- the seed -----------------------------------------------------------------

TEST(Seed, IsRandomUnlessItIsSet) {
  EXPECT_NE(registry{}.seed(), registry{}.seed());
  EXPECT_EQ(registry{{.seed = 7}}.seed(), 7U);
}

TEST_F(Registry, DecidesDifferentlyAtEachArming) {
  EXPECT_EQ(armed(faults_, "net.recv", "50%drop"), "armed");
  auto first = pattern_of(recv_);
  EXPECT_EQ(armed(faults_, "net.recv", "50%drop"), "armed");

  EXPECT_NE(pattern_of(recv_), first);
}

TEST_F(Registry, DecidesAllTheSameWhenItIsSeededAgain) {
  EXPECT_EQ(armed(faults_, "net.recv", "50%drop"), "armed");
  auto first = pattern_of(recv_);

  faults_.reseed(faults_.seed());
  EXPECT_EQ(armed(faults_, "net.recv", "50%drop"), "armed");

  EXPECT_EQ(pattern_of(recv_), first);
}

// -- what can be seen of it ---------------------------------------------------

TEST_F(Registry, ListsAllPointsByName) {
  EXPECT_EQ(armed(faults_, "net.recv", "2* @1 drop -> off"), "armed");
  pattern_of(recv_, 5);

  auto list = faults_.list();
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].name, "actor.start");
  EXPECT_EQ(list[0].term, "");
  EXPECT_EQ(list[1].name, "net.recv");
  EXPECT_EQ(list[1].description, "before bytes are read");
  EXPECT_EQ(list[1].term, "2*@1 drop->off");
  EXPECT_EQ(list[1].hits, 5U);
  EXPECT_EQ(list[1].fires, 2U);
  EXPECT_EQ(list[2].name, "net.send");
}

TEST(RegistryOfATest, KnowsWhereAPointIsDeclared) {
  registry faults;
  auto line = __LINE__ + 1;
  enabled_point here{faults, "here", ""};

  EXPECT_EQ(faults.list()[0].where,
            "tests/fault/registry_test.cpp:" + std::to_string(line));
}

TEST_F(Registry, KeepsCountsWhenAPointIsDisarmed) {
  EXPECT_EQ(armed(faults_, "net.*", "drop"), "armed");
  pattern_of(recv_, 3);
  pattern_of(send_, 1);
  faults_.disarm();
  pattern_of(recv_, 3);

  EXPECT_EQ(faults_.list()[1].hits, 3U);
  EXPECT_EQ(faults_.fires("net.*"), 4U);
}

TEST(RegistryWithAHook, TellsOfEachFire) {
  std::vector<std::string> told;
  registry faults{{.on_fire = [&](const fire& what) {
    told.push_back(std::string{what.point} + " " + std::to_string(what.number)
                   + " " + to_string(what.what));
    return 0;
  }}};
  enabled_point here{faults, "here", ""};
  EXPECT_EQ(armed(faults, "here", "1*drop->1*off->log(so far)"), "armed");

  EXPECT_TRUE(here.hit());
  EXPECT_FALSE(here.hit());
  EXPECT_FALSE(here.hit());
  EXPECT_THAT(told, ElementsAre("here 1 drop", "here 2 log(so far)"));
}

TEST(RegistryWithAHook, MayBeArmedFromIt) {
  registry* owner = nullptr;
  registry faults{{.on_fire = [&](const fire&) {
    owner->disarm();
    return 0;
  }}};
  owner = &faults;
  enabled_point here{faults, "here", ""};
  EXPECT_EQ(armed(faults, "here", "drop"), "armed");

  EXPECT_EQ(pattern_of(here, 3), "x..");
}

// -- for a scope --------------------------------------------------------------

TEST_F(Registry, KeepsPointsArmedForAScope) {
  {
    armed_for scope{faults_, "net.*", "1*drop"};
    EXPECT_FALSE(scope.fired());
    pattern_of(recv_, 2);
    pattern_of(send_, 2);
    EXPECT_EQ(scope.fires(), 2U);
  }

  EXPECT_THAT(faults_.list()[1].term, IsEmpty());
}

TEST_F(Registry, CountsForAScopeWhatFiresInIt) {
  EXPECT_EQ(armed(faults_, "net.recv", "drop"), "armed");
  pattern_of(recv_, 2);

  armed_for scope{faults_, "net.recv", "1*drop"};

  EXPECT_FALSE(scope.fired());
  pattern_of(recv_, 2);
  EXPECT_EQ(scope.fires(), 1U);
}

TEST_F(Registry, RefusesAScopeWithAMistakeInIt) {
  auto refusal = [this](std::string_view pattern, std::string_view text) {
    try {
      armed_for scope{faults_, pattern, text};
    } catch (const std::invalid_argument& error) {
      return std::string{error.what()};
    }
    return std::string{"armed"};
  };

  EXPECT_EQ(refusal("net.recv", "throw"),
            "\"throw\" at 5: expected (, found the end");
  EXPECT_EQ(refusal("net.recvv", "drop"),
            "no fault point is named net.recvv; near: net.recv");
}

} // namespace

} // namespace registry_test
