// SPDX-License-Identifier: BSD-3-Clause

#include "support/toxic_script.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <ostream>
#include <set>

namespace toxic_change_test {

using namespace coppice::net;
using namespace coppice::test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::TestWithParam;
using ::testing::ValuesIn;

// What becomes of a pipe whose toxics change, and what chance does to it.

namespace {

const toxic_list nothing;

toxic_list changed(toxic_list what, toxic_effect to, double toxicity = 1) {
  what.front().what.effect = to;
  what.front().what.toxicity = toxicity;
  ++what.front().revision;
  return what;
}

// -- removing -----------------------------------------------------------------

struct removal {
  std::string name;
  toxic_effect effect;
  lines before; // of "123456" at 0 and the end at 5 ms
  lines after;  // in addition, when it is removed after 10 ms
};

void PrintTo(const removal& c, std::ostream* out) {
  *out << c.name;
}

const std::vector<removal> removals{
  {"Latency", latency_toxic{1s}, {}, {"10 123456", "passed"}},
  {"Bandwidth", bandwidth_toxic{0}, {}, {"10 123456", "passed"}},
  {"SlowClose", slow_close_toxic{1s}, {"0 123456"}, {"passed"}},
  {"ResetPeer", reset_peer_toxic{1s}, {}, {"10 123456", "passed"}},
  {"Slicer",
   slicer_toxic{2, 0, 9000us},
   {"0 1", "9 23"},
   {"10 4", "10 56", "passed"}},
  {"LimitData", limit_data_toxic{9}, {"0 123456", "passed"}, {}},
};

using ToxicRemoval = TestWithParam<removal>;

} // namespace

TEST_P(ToxicRemoval, LetsThroughWhatWasHeld) {
  auto& c = GetParam();
  script s{chain({{c.effect}})};
  s.put(0ms, "123456").put_end(5ms);
  EXPECT_EQ(s.until(10ms), c.before);

  s.assign(10ms, nothing);

  auto all = c.before;
  all.insert(all.end(), c.after.begin(), c.after.end());
  EXPECT_EQ(s.until(5000ms), all);
}

TEST_P(ToxicRemoval, LetsThroughWhatComesAfterwards) {
  script s{chain({{GetParam().effect}})};

  s.assign(10ms, nothing).put(11ms, "x").put_end(12ms);

  EXPECT_THAT(s.until(5000ms), ElementsAre("11 x", "passed"));
  EXPECT_EQ(s.pipe.held_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, ToxicRemoval, ValuesIn(removals),
                         [](auto& info) { return info.param.name; });

// There is a gap in the bytes by then.
TEST(ToxicChange, RemovalOfATimeoutCloses) {
  script s{chain({{timeout_toxic{}}})};
  s.put(0ms, "a");

  s.assign(10ms, nothing);

  EXPECT_THAT(s.until(20ms), ElementsAre("closed timeout"));
}

TEST(ToxicChange, RemovalFromAChainLeavesTheOthers) {
  auto both = chain({{latency_toxic{1s}}, {latency_toxic{100ms}}});
  script s{both};
  s.put(0ms, "a");

  s.assign(10ms, {both[1]});

  EXPECT_THAT(s.until(5000ms), ElementsAre("110 a"));
}

TEST(ToxicChange, AddingConcernsWhatIsHeldAlready) {
  auto both = chain({{latency_toxic{100ms}}, {limit_data_toxic{2}}});
  script s{{both[0]}};
  s.put(0ms, "abc");

  s.assign(10ms, both);

  EXPECT_THAT(s.until(5000ms), ElementsAre("100 ab", "closed limit_data"));
}

TEST(ToxicChange, OnlyConcernsTheStreamOfTheToxic) {
  auto other = chain({{latency_toxic{1s}}});
  other[0].what.stream = toxic_stream::downstream;
  script s{other};

  EXPECT_THAT(s.put(0ms, "a").until(0ms), ElementsAre("0 a"));
}

TEST(ToxicChange, WithoutToxicsAPipeIsTransparentAgain) {
  auto late = chain({{latency_toxic{1s}}});
  script s{nothing};
  EXPECT_TRUE(s.pipe.transparent());
  s.assign(0ms, late);
  EXPECT_FALSE(s.pipe.transparent());

  s.put(0ms, "a").assign(1ms, nothing);

  EXPECT_TRUE(s.pipe.transparent());
}

// -- updating -----------------------------------------------------------------

TEST(ToxicChange, OfALatencyTimesAnewWhatIsHeld) {
  auto slow = chain({{latency_toxic{1s}}});
  script s{slow};
  s.put(0ms, "a").put(50ms, "b");

  s.assign(60ms, changed(slow, latency_toxic{80ms}));

  EXPECT_THAT(s.until(5000ms), ElementsAre("80 a", "130 b"));
}

TEST(ToxicChange, OfABandwidthTimesAnewWhatIsHeld) {
  auto none = chain({{bandwidth_toxic{0}}});
  script s{none};
  s.put(0ms, "12345").put_end(1ms);

  s.assign(10ms, changed(none, bandwidth_toxic{1}));

  EXPECT_THAT(s.until(5000ms), ElementsAre("15 12345", "passed"));
}

TEST(ToxicChange, OfALimitStillCountsWhatHasPassed) {
  auto ten = chain({{limit_data_toxic{10}}});
  script s{ten};
  s.put(0ms, "123").assign(1ms, changed(ten, limit_data_toxic{5}));

  s.put(2ms, "4567");

  EXPECT_THAT(s.until(3ms), ElementsAre("0 123", "2 45", "closed limit_data"));
}

TEST(ToxicChange, OfATimeoutBeginsItAnew) {
  auto quick = chain({{timeout_toxic{100ms}}});
  script s{quick};

  s.assign(90ms, changed(quick, timeout_toxic{200ms}));

  EXPECT_THAT(s.until(289ms), IsEmpty());
  EXPECT_THAT(s.until(290ms), ElementsAre("closed timeout"));
}

TEST(ToxicChange, OfToxicityDecidesAnew) {
  auto late = chain({{latency_toxic{1s}}});
  script s{late};
  s.put(0ms, "a");

  s.assign(10ms, changed(late, latency_toxic{1s}, 0));

  EXPECT_THAT(s.put(20ms, "b").until(20ms), ElementsAre("10 a", "20 b"));
}

// -- chance -------------------------------------------------------------------

namespace {

lines of_chance(std::uint64_t seed) {
  script s{chain({{latency_toxic{100ms, 50ms}}, {slicer_toxic{8, 7, 100us}}}),
           seed};
  for (auto at = 0ms; at < 1000ms; at += 100ms)
    s.put(at, "the quick brown fox jumps over the lazy dog");
  return s.until(5000ms);
}

} // namespace

TEST(ToxicChance, IsTheSameForTheSameSeed) {
  EXPECT_EQ(of_chance(1), of_chance(1));
  EXPECT_NE(of_chance(1), of_chance(2));
}

TEST(ToxicChance, OfOneToxicDoesNotDependOnTheOthers) {
  auto two = chain({{slow_close_toxic{}}, {latency_toxic{100ms, 50ms}}});
  script alone{{two[1]}};
  script both{two};

  EXPECT_EQ(alone.put(0ms, "a").until(200ms), both.put(0ms, "a").until(200ms));
}

TEST(ToxicChance, OfJitterStaysWithinItsBounds) {
  std::set<std::int64_t> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    toxic_pipe pipe{seed};
    pipe.assign(chain({{latency_toxic{100ms, 5ms}}}), up, start);
    pipe.put("a", start);
    seen.insert((*pipe.next() - start) / 1ms);
  }

  EXPECT_THAT(seen, ElementsAre(95, 96, 97, 98, 99, 100, 101, 102, 103, 104));
}

TEST(ToxicChance, OfJitterBeyondTheLatencyMakesNothingEarly) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    toxic_pipe pipe{seed};
    pipe.assign(chain({{latency_toxic{0ms, 50ms}}}), up, start);
    pipe.put("a", start);

    EXPECT_GE(pipe.next().value_or(start), start);
  }
}

TEST(ToxicChance, OfSlicesStaysWithinItsBoundsAndLosesNothing) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    toxic_pipe pipe{seed};
    pipe.assign(chain({{slicer_toxic{10, 5}}}), up, start);
    std::string text(500, 'x');
    std::string got;

    pipe.put(text, start);

    while (!pipe.front().empty()) {
      EXPECT_LE(pipe.front().size(), 15u);
      got += pipe.take();
    }
    EXPECT_EQ(got, text);
  }
}

TEST(ToxicChance, OfToxicityIsAsAskedFor) {
  auto late = [](double toxicity) {
    int count = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
      toxic_pipe pipe{seed};
      pipe.assign(chain({{latency_toxic{1s}, up, toxicity}}), up, start);
      pipe.put("a", start);
      count += pipe.front().empty() ? 1 : 0;
    }
    return count;
  };

  EXPECT_EQ(late(0), 0);
  EXPECT_EQ(late(1), 1000);
  EXPECT_NEAR(late(0.25), 250, 50);
}

// -- what is held -------------------------------------------------------------

TEST(ToxicPipeWeight, IsThatOfWhatIsHeldAndOfItsPieces) {
  toxic_pipe pipe{1};
  pipe.assign(chain({{latency_toxic{10ms}}, {slicer_toxic{1}}}), up, start);
  EXPECT_EQ(pipe.weight(), 0u);

  pipe.put("1234", start);
  EXPECT_EQ(pipe.held_bytes(), 4u);
  auto whole = pipe.weight();
  pipe.advance(start + 10ms);

  EXPECT_EQ(pipe.held_bytes(), 4u);
  EXPECT_GT(pipe.weight(), whole);
  pipe.pop(1);
  EXPECT_EQ(pipe.held_bytes(), 3u);
}

TEST(ToxicPipeWeight, IsNothingForWhatIsLost) {
  toxic_pipe pipe{1};
  pipe.assign(chain({{timeout_toxic{}}}), up, start);

  pipe.put("1234", start);

  EXPECT_EQ(pipe.weight(), 0u);
}

} // namespace toxic_change_test
