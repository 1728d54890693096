// SPDX-License-Identifier: BSD-3-Clause

#include "support/toxic_script.hpp"

#include <gmock/gmock.h>

#include <ostream>

namespace toxic_pipe_test {

using namespace coppice::net;
using namespace coppice::test;
using namespace std::chrono_literals;
using ::testing::TestWithParam;
using ::testing::ValuesIn;

namespace {

// -- by table -----------------------------------------------------------------

struct input {
  milliseconds at;
  std::string bytes; // empty: the end
};

struct pipe_case {
  std::string name;
  std::vector<toxic> toxics;
  std::vector<input> in;
  lines out;
};

void PrintTo(const pipe_case& c, std::ostream* out) {
  *out << c.name;
}

const std::vector<pipe_case> cases{
  {"Nothing", {}, {{5ms, "ab"}, {6ms, ""}}, {"5 ab", "passed"}},
  {"Latency",
   {{latency_toxic{100ms}}},
   {{0ms, "a"}, {30ms, "b"}, {200ms, "c"}},
   {"100 a", "130 b", "300 c"}},
  {"LatencyOfZero", {{latency_toxic{0ms}}}, {{1ms, "a"}}, {"1 a"}},
  {"LatencyDelaysTheEndOnlyBehindBytes",
   {{latency_toxic{100ms}}},
   {{0ms, "a"}, {10ms, ""}},
   {"100 a", "passed"}},
  {"Bandwidth", // 1 KB/s: a byte a millisecond
   {{bandwidth_toxic{1}}},
   {{0ms, "12345"}, {1ms, "67"}, {50ms, "8"}, {60ms, ""}},
   {"5 12345", "7 67", "51 8", "passed"}},
  {"BandwidthInParts",
   {{bandwidth_toxic{1}}},
   {{0ms, std::string(250, 'x')}},
   {"100 " + std::string(100, 'x'), "200 " + std::string(100, 'x'),
    "250 " + std::string(50, 'x')}},
  {"BandwidthOfZero", {{bandwidth_toxic{0}}}, {{0ms, "a"}, {1ms, ""}}, {}},
  {"BandwidthAtItsMost",
   {{bandwidth_toxic{1'000'000'000}}},
   {{0ms, "abc"}},
   {"0 abc"}},
  {"SlowClose",
   {{slow_close_toxic{100ms}}},
   {{0ms, "a"}, {10ms, ""}},
   {"0 a", "passed"}},
  {"Timeout",
   {{timeout_toxic{100ms}}},
   {{10ms, "a"}, {50ms, "b"}, {300ms, "c"}},
   {"closed timeout"}},
  {"TimeoutEndsWithTheSender",
   {{timeout_toxic{100ms}}},
   {{50ms, ""}},
   {"passed"}},
  {"TimeoutOfZeroIsABlackHole", {{timeout_toxic{0ms}}}, {{10ms, "a"}}, {}},
  {"ResetPeer",
   {{reset_peer_toxic{100ms}}},
   {{10ms, "a"}, {50ms, "b"}, {300ms, "c"}},
   {"reset reset_peer"}},
  {"ResetPeerOfZero",
   {{reset_peer_toxic{}}},
   {{10ms, "a"}},
   {"reset reset_peer"}},
  {"ResetPeerAtTheEnd",
   {{reset_peer_toxic{}}},
   {{10ms, ""}},
   {"reset reset_peer"}},
  {"ResetPeerOfWhoSaysNothing", {{reset_peer_toxic{}}}, {}, {}},
  {"Slicer",
   {{slicer_toxic{2, 0, 1000us}}},
   {{0ms, "12345678"}},
   {"0 12", "1 34", "2 56", "3 78"}},
  {"SlicerByTheByte",
   {{slicer_toxic{1, 0, 500us}}},
   {{0ms, "123"}},
   {"0 1", "0+500 2", "1 3"}},
  {"SlicerOfWhatIsSmallEnough", {{slicer_toxic{3}}}, {{0ms, "123"}}, {"0 123"}},
  {"SlicerTakesItsTime",
   {{slicer_toxic{2, 0, 10ms}}},
   {{0ms, "1234"}, {5ms, "5678"}, {6ms, ""}},
   {"0 12", "10 34", "20 56", "30 78", "passed"}},
  {"LimitData",
   {{limit_data_toxic{5}}},
   {{0ms, "123"}, {10ms, "456"}, {20ms, "789"}},
   {"0 123", "10 45", "closed limit_data"}},
  {"LimitDataExactly",
   {{limit_data_toxic{3}}},
   {{0ms, "123"}},
   {"0 123", "closed limit_data"}},
  {"LimitDataThatIsNotReached",
   {{limit_data_toxic{4}}},
   {{0ms, "123"}, {1ms, ""}},
   {"0 123", "passed"}},
  {"LimitDataOfZero",
   {{limit_data_toxic{0}}},
   {{1ms, "a"}},
   {"closed limit_data"}},
  {"LimitTime",
   {{limit_time_toxic{100ms}}},
   {{10ms, "a"}, {99ms, "b"}, {100ms, "c"}},
   {"10 a", "99 b", "closed limit_time"}},
  {"LimitTimeOfZero",
   {{limit_time_toxic{}}},
   {{1ms, "a"}},
   {"closed limit_time"}},
  {"LimitTimeOfWhoSaysNothing",
   {{limit_time_toxic{100ms}}},
   {},
   {"closed limit_time"}},
  {"LimitTimeEndsWithTheSender",
   {{limit_time_toxic{100ms}}},
   {{50ms, "a"}, {60ms, ""}},
   {"50 a", "passed"}},
  {"PacketLossOfNothing",
   {{packet_loss_toxic{0}}},
   {{0ms, "a"}, {1ms, ""}},
   {"0 a", "passed"}},
  {"PacketLossOfAll", {{packet_loss_toxic{1'000'000}}}, {{0ms, "a"}}, {}},
  {"CorruptNothing",
   {{corrupt_toxic{0}}},
   {{0ms, "abc"}, {1ms, ""}},
   {"0 abc", "passed"}},
  {"LimitTimeThenLatency",
   {{limit_time_toxic{50ms}}, {latency_toxic{100ms}}},
   {{0ms, "a"}},
   {"100 a", "closed limit_time"}},
  {"ToxicityOfZero", {{latency_toxic{100ms}, up, 0}}, {{0ms, "a"}}, {"0 a"}},
  {"TwoLatencies",
   {{latency_toxic{100ms}}, {latency_toxic{50ms}}},
   {{0ms, "a"}, {20ms, "b"}},
   {"150 a", "170 b"}},
  {"LatencyThenLimit",
   {{latency_toxic{100ms}}, {limit_data_toxic{3}}},
   {{0ms, "ab"}, {10ms, "cd"}, {20ms, "ef"}},
   {"100 ab", "110 c", "closed limit_data"}},
  {"LimitThenLatency",
   {{limit_data_toxic{3}}, {latency_toxic{100ms}}},
   {{0ms, "ab"}, {10ms, "cd"}},
   {"100 ab", "110 c", "closed limit_data"}},
  {"SlicerThenBandwidth",
   {{slicer_toxic{2}}, {bandwidth_toxic{1}}},
   {{0ms, "1234"}},
   {"2 12", "4 34"}},
  {"LatencyThenTimeout", // its bytes put the timeout off, as they arrive
   {{latency_toxic{50ms}}, {timeout_toxic{100ms}}},
   {{40ms, "a"}, {300ms, "b"}},
   {"closed timeout"}},
  {"ResetThroughALatency",
   {{reset_peer_toxic{10ms}}, {latency_toxic{100ms}}},
   {{0ms, "a"}},
   {"reset reset_peer"}},
  {"EveryToxicAtOnce",
   {{latency_toxic{10ms}},
    {bandwidth_toxic{1}},
    {slicer_toxic{2, 0, 1000us}},
    {limit_data_toxic{4}},
    {slow_close_toxic{50ms}}},
   {{0ms, "12345678"}},
   {"18 12", "19 34", "closed limit_data"}},
};

class ToxicPipe : public TestWithParam<pipe_case> {
protected:
  static lines play(microseconds step) {
    auto& c = GetParam();
    script s{chain(c.toxics)};
    s.look_every(step);
    for (auto& [at, bytes] : c.in)
      if (bytes.empty())
        s.put_end(at);
      else
        s.put(at, bytes);
    return s.until(step.count() == 0 ? milliseconds{48h} : 2000ms);
  }
};

} // namespace

TEST_P(ToxicPipe, LetsOutWhatIsDueWhenItIsDue) {
  EXPECT_EQ(play(0us), GetParam().out);
}

TEST_P(ToxicPipe, DoesNotDependOnHowOftenItIsLookedAt) {
  for (auto step : {1000us, 7000us, 16000us, 1'000'000us})
    EXPECT_EQ(play(step), GetParam().out) << step.count();
}

INSTANTIATE_TEST_SUITE_P(All, ToxicPipe, ValuesIn(cases),
                         [](auto& info) { return info.param.name; });

// -- when the end comes -------------------------------------------------------

namespace {

struct end_case {
  std::string name;
  std::vector<toxic> toxics;
  std::vector<input> in;
  milliseconds end;
};

void PrintTo(const end_case& c, std::ostream* out) {
  *out << c.name;
}

const std::vector<end_case> ends{
  {"Nothing", {}, {{5ms, ""}}, 5ms},
  {"LatencyOfWhatIsBefore",
   {{latency_toxic{100ms}}},
   {{0ms, "a"}, {1ms, ""}},
   100ms},
  {"LatencyOfNothing", {{latency_toxic{100ms}}}, {{1ms, ""}}, 1ms},
  {"LatencyOfADay",
   {{latency_toxic{24h}}},
   {{0ms, "a"}, {1ms, ""}},
   86'400'000ms},
  {"SlowClose", {{slow_close_toxic{100ms}}}, {{0ms, "a"}, {10ms, ""}}, 110ms},
  {"SlowCloseOfZero", {{slow_close_toxic{}}}, {{10ms, ""}}, 10ms},
  {"SlowCloseOfADay", {{slow_close_toxic{24h}}}, {{1ms, ""}}, 86'400'001ms},
  {"Timeout", {{timeout_toxic{100ms}}}, {}, 100ms},
  {"TimeoutFromTheLastByte", {{timeout_toxic{100ms}}}, {{60ms, "a"}}, 160ms},
  {"TimeoutOfADay", {{timeout_toxic{24h}}}, {}, 86'400'000ms},
  {"ResetPeer", {{reset_peer_toxic{100ms}}}, {{10ms, "a"}, {50ms, "b"}}, 110ms},
  {"ResetPeerOfADay", {{reset_peer_toxic{24h}}}, {{1ms, "a"}}, 86'400'001ms},
  {"TimeoutBehindALatency",
   {{latency_toxic{50ms}}, {timeout_toxic{100ms}}},
   {{40ms, "a"}},
   190ms},
  {"LimitTime", {{limit_time_toxic{100ms}}}, {{60ms, "a"}}, 100ms},
  {"LimitTimeOfADay", {{limit_time_toxic{24h}}}, {}, 86'400'000ms},
  {"LimitThenSlowClose",
   {{limit_data_toxic{1}}, {slow_close_toxic{100ms}}},
   {{10ms, "ab"}},
   110ms},
};

using ToxicPipeEnd = TestWithParam<end_case>;

} // namespace

TEST_P(ToxicPipeEnd, ComesWhenItIsDue) {
  auto& c = GetParam();
  script s{chain(c.toxics)};
  for (auto& [at, bytes] : c.in)
    if (bytes.empty())
      s.put_end(at);
    else
      s.put(at, bytes);

  if (c.end > (c.in.empty() ? 0ms : c.in.back().at)) {
    s.until(c.end - 1ms);
    EXPECT_EQ(s.pipe.end(), ending::none);
  }
  s.until(c.end);

  EXPECT_NE(s.pipe.end(), ending::none);
}

INSTANTIATE_TEST_SUITE_P(All, ToxicPipeEnd, ValuesIn(ends),
                         [](auto& info) { return info.param.name; });

} // namespace toxic_pipe_test
