// SPDX-License-Identifier: BSD-3-Clause

#include "net/token_bucket.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace token_bucket_test {

using namespace coppice::net;
using namespace std::chrono_literals;

namespace {

constexpr token_bucket::time_point start{1h};

// How many it gives at that time.
int taken(token_bucket& from, token_bucket::time_point at) {
  int result = 0;
  while (!from.take(at))
    ++result;
  return result;
}

} // namespace

// -- rates --------------------------------------------------------------------

TEST(Rate, HasTheTokensOfASecondForABurstUnlessToldOtherwise) {
  EXPECT_EQ(rate_of(5, {}), (rate{5, 5}));
  EXPECT_EQ(rate_of(5, 9), (rate{5, 9}));
  EXPECT_FALSE(rate_of({}, {}));
  EXPECT_FALSE(rate_of({}, 9));
}

TEST(Rate, OfZeroIsOne) {
  EXPECT_EQ(rate_of(0, 0), (rate{1, 1}));
  EXPECT_EQ(rate_of(0, {}), (rate{1, 1}));
}

// -- one token ----------------------------------------------------------------

TEST(TokenBucket, WithoutARateHasOneForEverybody) {
  token_bucket uut;

  for (int i = 0; i < 1000; ++i)
    EXPECT_FALSE(uut.take(start));
  EXPECT_EQ(uut.reserve(1'000'000, start).tokens, 1'000'000U);
  EXPECT_EQ(uut.reserve(1'000'000, start).at, start);
  EXPECT_EQ(uut.next(start), start);
  EXPECT_FALSE(uut.limits());
}

TEST(TokenBucket, GivesItsBurstAndThenOneAtATime) {
  token_bucket uut{rate{10, 3}};

  EXPECT_EQ(taken(uut, start), 3);
  EXPECT_EQ(taken(uut, start + 83ms), 0);
  EXPECT_EQ(taken(uut, start + 100ms), 1);
  EXPECT_EQ(taken(uut, start + 183ms), 0);
  EXPECT_EQ(taken(uut, start + 200ms), 1);
}

TEST(TokenBucket, SaysWhenToAskAgain) {
  token_bucket uut{rate{4, 1}};
  EXPECT_FALSE(uut.take(start));

  auto again = uut.take(start + 10ms);

  ASSERT_TRUE(again);
  EXPECT_EQ(*again, start + 234ms); // up to a tick early
  EXPECT_EQ(uut.next(start + 10ms), start + 234ms);
  EXPECT_FALSE(uut.take(*again));
}

TEST(TokenBucket, FillsUpToItsBurstAndNotBeyond) {
  token_bucket uut{rate{10, 3}};
  taken(uut, start);

  EXPECT_FALSE(uut.full(start + 299ms));
  EXPECT_TRUE(uut.full(start + 300ms));

  EXPECT_EQ(taken(uut, start + 24h), 3);
}

TEST(TokenBucket, HoldsItsRateForever) {
  for (std::uint64_t per_second : {1, 3, 7, 30, 61, 63, 400}) {
    token_bucket uut{rate{per_second, 1}};
    auto all = taken(uut, start) - 1;

    for (auto at = start; at < start + 1000s; at += 16ms)
      all += taken(uut, at);

    auto expected = static_cast<double>(1000 * per_second);
    EXPECT_NEAR(all, expected, expected / 500) << per_second;
  }
}

TEST(TokenBucket, HasExactlyItsBurst) {
  for (std::uint64_t per_second : {1, 3, 7, 30, 1000})
    for (int burst : {1, 2, 3, 7, 1000}) {
      token_bucket uut{rate{per_second, static_cast<std::uint64_t>(burst)}};
      auto least = static_cast<int>(per_second * 32 / 1000);
      if (burst > least) {
        EXPECT_EQ(taken(uut, start), burst) << per_second;
      }
    }
}

// Who waits for a token may be called a tick late.
TEST(TokenBucket, HoldsAHighRateWithASmallBurstAtTheTicksOfATimer) {
  token_bucket uut{rate{10'000, 1}};
  int all = 0;

  for (auto at = start; at < start + 10s; at += 16ms)
    all += taken(uut, at);

  EXPECT_NEAR(all, 100'000, 500);
}

TEST(TokenBucket, TakesATokenBack) {
  token_bucket uut{rate{1, 2}};
  EXPECT_EQ(taken(uut, start), 2);

  uut.give_back(1);

  EXPECT_EQ(taken(uut, start), 1);
}

TEST(TokenBucket, IsNotFullerThanFullWhenTokensComeBack) {
  token_bucket uut{rate{1, 2}};
  EXPECT_FALSE(uut.take(start));

  uut.give_back(1);

  EXPECT_EQ(taken(uut, start + 1h), 2);
}

TEST(TokenBucket, BeginsAnewWithAnotherRate) {
  token_bucket uut{rate{1, 2}};
  taken(uut, start);

  uut.set(rate{1, 5});
  EXPECT_EQ(taken(uut, start), 5);
  uut.set({});

  EXPECT_FALSE(uut.take(start));
  EXPECT_FALSE(uut.limits());
}

TEST(TokenBucket, TakesTheLargestRatesAndBursts) {
  constexpr std::uint64_t most = 1'000'000'000'000;
  token_bucket fast{rate{most, 1}};
  token_bucket slow{rate{1, most}};

  EXPECT_EQ(fast.reserve(65'536, start).at, start);
  EXPECT_EQ(slow.reserve(65'536, start).at, start);
  EXPECT_EQ(slow.reserve(65'536, start).tokens, 65'536U);
}

TEST(TokenBucket, GivesNoTokenTwiceToManyThreads) {
  token_bucket uut{rate{1, 1000}};
  std::atomic<int> all = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] { all += taken(uut, start); });
  }

  EXPECT_EQ(all, 1000);
}

// -- many tokens --------------------------------------------------------------

TEST(TokenBucketReserve, GivesWhatIsThereAtOnce) {
  token_bucket uut{rate{1000, 500}};

  auto first = uut.reserve(200, start);
  auto rest = uut.reserve(65'536, start);

  EXPECT_EQ(first.tokens, 200U);
  EXPECT_EQ(first.at, start);
  EXPECT_EQ(rest.tokens, 300U);
  EXPECT_EQ(rest.at, start);
}

TEST(TokenBucketReserve, GivesASliceInAdvanceToEachThatAsksInTheirOrder) {
  token_bucket uut{rate{1000, 500}};
  uut.reserve(500, start);

  auto first = uut.reserve(65'536, start);
  auto second = uut.reserve(65'536, start);
  auto small = uut.reserve(4, start);

  EXPECT_EQ(first.tokens, 16U);
  EXPECT_GT(first.at, start + 15ms);
  EXPECT_LE(first.at, start + 16ms);
  EXPECT_EQ(second.tokens, 16U);
  EXPECT_EQ(second.at, first.at + 16ms);
  EXPECT_EQ(small.tokens, 4U);
  EXPECT_EQ(small.at, second.at + 4ms);
}

TEST(TokenBucketReserve, OfASlowRateGivesOne) {
  token_bucket uut{rate{1, 1}};
  uut.reserve(1, start);

  auto next = uut.reserve(65'536, start);

  EXPECT_EQ(next.tokens, 1U);
  EXPECT_EQ(next.at, start + 1s - 16ms);
}

TEST(TokenBucketReserve, MakesRoomWithWhatComesBack) {
  token_bucket uut{rate{1000, 500}};
  uut.reserve(500, start);

  uut.give_back(400);

  EXPECT_EQ(uut.reserve(65'536, start).tokens, 400U);
}

} // namespace token_bucket_test
