// SPDX-License-Identifier: BSD-3-Clause

#include "net/toxic/collection.hpp"
#include "support/toxic_script.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace toxic_change_test {

using namespace coppice::net;
using namespace coppice::test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
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
  {"PacketLoss", packet_loss_toxic{1'000'000}, {}, {"10 123456", "passed"}},
  {"SharedBandwidth", bandwidth_toxic{0, 1}, {}, {"10 123456", "passed"}},
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

TEST(ToxicChange, OfALimitOnTimeCountsFromWhenTheToxicWasPutOn) {
  auto late = chain({{limit_time_toxic{1s}}});
  script s{late};

  s.assign(100ms, changed(late, limit_time_toxic{300ms}));

  EXPECT_THAT(s.until(299ms), IsEmpty());
  EXPECT_THAT(s.until(300ms), ElementsAre("closed limit_time"));
}

TEST(ToxicChange, OfALimitOnTimeThatIsOverEndsAtOnce) {
  auto late = chain({{limit_time_toxic{1s}}});
  script s{late};

  s.assign(100ms, changed(late, limit_time_toxic{50ms}));

  EXPECT_THAT(s.until(100ms), ElementsAre("closed limit_time"));
}

TEST(ToxicChange, RemovalOfALimitOnTimeLeavesTheConnectionOpen) {
  script s{chain({{limit_time_toxic{100ms}}})};

  s.assign(99ms, nothing).put(200ms, "a");

  EXPECT_THAT(s.until(1000ms), ElementsAre("200 a"));
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

// -- packets that are lost ----------------------------------------------------

namespace {

// How late each of `n` packets is, in ms; they are sent 10 s apart.
std::vector<std::int64_t> lateness_of_packets(std::int64_t per_million, int n) {
  toxic_pipe pipe{7};
  pipe.assign(chain({{packet_loss_toxic{per_million}}}), up, start);
  std::vector<std::int64_t> result;
  for (int i = 0; i < n; ++i) {
    auto sent = start + i * 1h;
    pipe.put("x", sent);
    auto due = pipe.front().empty() ? *pipe.next() : sent;
    pipe.advance(due);
    result.push_back((due - sent) / 1ms);
    pipe.take();
  }
  return result;
}

} // namespace

TEST(ToxicPacketLoss, IsAsOftenAsAskedFor) {
  auto late = lateness_of_packets(100'000, 2000);

  EXPECT_NEAR(static_cast<double>(std::ranges::count(late, 0)), 1800, 50);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(late, 200)), 180, 45);
}

TEST(ToxicPacketLoss, DoublesTheTimeOfEachLoss) {
  auto late = lateness_of_packets(500'000, 2000);
  std::set<std::int64_t> seen{late.begin(), late.end()};

  for (std::int64_t sum : {0, 200, 600, 1400, 3000})
    EXPECT_EQ(seen.count(sum), 1U) << sum;
  EXPECT_EQ(seen.count(400), 0U);
}

TEST(ToxicPacketLoss, HoldsUpWhatIsBehindAndLosesNoByte) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    toxic_pipe pipe{seed};
    pipe.assign(chain({{packet_loss_toxic{200'000}}}), up, start);
    std::string sent;
    for (int i = 0; i < 100; ++i) {
      std::string piece(1 + static_cast<std::size_t>(i) * 100,
                        static_cast<char>('a' + i % 26));
      sent += piece;
      pipe.put(piece, start);
    }
    std::string got;
    auto last = start;
    for (;;) {
      while (!pipe.front().empty()) {
        EXPECT_GE(pipe.front_time(), last);
        last = pipe.front_time();
        got += pipe.take();
      }
      auto next = pipe.next();
      if (!next)
        break;
      pipe.advance(*next);
    }

    EXPECT_EQ(got, sent);
    EXPECT_GT(last, start);
  }
}

// -- bytes that are corrupt ---------------------------------------------------

namespace {

std::string corrupted(std::string_view text, std::size_t piece,
                      std::int64_t per_million, std::uint64_t seed) {
  toxic_pipe pipe{seed};
  pipe.assign(chain({{corrupt_toxic{per_million}}}), up, start);
  std::string result;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    pipe.put(text.substr(at, piece), start);
    while (!pipe.front().empty())
      result += pipe.take();
  }
  return result;
}

} // namespace

TEST(ToxicCorrupt, TurnsOverOneBitOfSoManyBytes) {
  const std::string text(100'000, 'a');

  auto got = corrupted(text, 1000, 10'000, 1);

  ASSERT_EQ(got.size(), text.size());
  int other = 0;
  std::set<unsigned> bits;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (got[i] != text[i]) {
      ++other;
      bits.insert(static_cast<unsigned char>(got[i] ^ text[i]));
    }
  EXPECT_NEAR(other, 1000, 150);
  EXPECT_THAT(bits, ElementsAre(1, 2, 4, 8, 16, 32, 64, 128));
}

TEST(ToxicCorrupt, IsTheSameForTheSameSeedHoweverBytesCome) {
  const std::string text(5000, 'a');

  auto whole = corrupted(text, 5000, 10'000, 1);

  EXPECT_EQ(corrupted(text, 7, 10'000, 1), whole);
  EXPECT_NE(corrupted(text, 5000, 10'000, 2), whole);
}

TEST(ToxicCorrupt, OfAMillionIsEveryByte) {
  auto got = corrupted("aaaa", 4, 1'000'000, 1);

  EXPECT_EQ(got.size(), 4U);
  EXPECT_EQ(got.find('a'), std::string::npos);
}

// -- a bandwidth that is shared -----------------------------------------------

namespace {

// Connections with one shared bandwidth, as a listener has them.
class shared_bandwidth {
public:
  explicit shared_bandwidth(std::size_t connections, std::int64_t rate) {
    EXPECT_TRUE(toxics_.add(what(rate), {}));
    for (std::size_t i = 0; i < connections; ++i) {
      pipes.emplace_back(i);
      pipes.back().assign(*toxics_.list(), up, start);
    }
  }

  void change(std::int64_t rate, milliseconds at) {
    EXPECT_TRUE(toxics_.update(what(rate), {}));
    for (auto& pipe : pipes)
      pipe.assign(*toxics_.list(), up, start + at);
  }

  // What each has let through by then, as a loop of timers would.
  std::vector<std::size_t> until(milliseconds at) {
    for (; now_ <= at; now_ += 16ms)
      for (std::size_t i = 0; i < pipes.size(); ++i) {
        pipes[i].advance(start + now_);
        count(i);
      }
    return got_;
  }

  std::vector<toxic_pipe> pipes;

private:
  static toxic& what(std::int64_t rate) {
    static toxic result;
    result = {bandwidth_toxic{rate, 1}, up};
    return result;
  }

  void count(std::size_t i) {
    got_.resize(pipes.size());
    while (!pipes[i].front().empty())
      got_[i] += pipes[i].take().size();
  }

  toxic_collection toxics_;
  milliseconds now_{0};
  std::vector<std::size_t> got_;
};

} // namespace

TEST(ToxicSharedBandwidth, IsThatOfAllConnectionsTogether) {
  shared_bandwidth uut{4, 10}; // 10 bytes a millisecond
  for (auto& pipe : uut.pipes)
    pipe.put(std::string(10'000, 'x'), start);

  auto got = uut.until(1000ms);

  auto sum = std::accumulate(got.begin(), got.end(), std::size_t{0});
  EXPECT_LE(sum, 10'000U);
  EXPECT_GE(sum, 9'000U);
  EXPECT_THAT(got, Each(Ge(2000U)));
}

TEST(ToxicSharedBandwidth, IsLeftToOneThatIsAlone) {
  shared_bandwidth uut{4, 10};
  uut.pipes[2].put(std::string(10'000, 'x'), start);

  auto got = uut.until(1024ms);

  EXPECT_EQ(got[2], 10'000U);
}

TEST(ToxicSharedBandwidth, LetsTheEndComeBehindTheBytes) {
  shared_bandwidth uut{2, 1};
  uut.pipes[0].put(std::string(100, 'x'), start);
  uut.pipes[0].put_end(start + 1ms);
  uut.pipes[1].put_end(start + 1ms);

  EXPECT_EQ(uut.pipes[1].end(), ending::passed);
  EXPECT_EQ(uut.until(96ms)[0], 96U);
  EXPECT_EQ(uut.pipes[0].end(), ending::none);
  EXPECT_EQ(uut.until(112ms)[0], 100U);

  EXPECT_EQ(uut.pipes[0].end(), ending::passed);
}

TEST(ToxicSharedBandwidth, IsChangedForAllWhoWait) {
  shared_bandwidth uut{2, 0};
  for (auto& pipe : uut.pipes)
    pipe.put(std::string(1000, 'x'), start);
  EXPECT_THAT(uut.until(160ms), Each(0U));

  uut.change(1000, 160ms);

  EXPECT_THAT(uut.until(176ms), Each(1000U));
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
