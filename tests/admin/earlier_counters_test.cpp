// SPDX-License-Identifier: BSD-3-Clause

#include "admin/earlier_counters.hpp"

#include <nlohmann/json.hpp>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace earlier_counters_test {

using namespace coppice::admin;
using nlohmann::json;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using ::testing::SizeIs;

namespace {

ClientMetric counted(std::string path, double value) {
  ClientMetric result;
  result.label.push_back({"path", std::move(path)});
  result.counter.value = value;
  return result;
}

MetricFamily counters(std::string name, std::vector<ClientMetric> all) {
  return {std::move(name), "help", MetricType::Counter, std::move(all)};
}

MetricFamily histogram(std::vector<std::uint64_t> cumulative, double sum) {
  ClientMetric one;
  auto bound = 0.5;
  for (auto n : cumulative) {
    auto last = one.histogram.bucket.size() + 1 == cumulative.size();
    one.histogram.bucket.push_back(
      {n, last ? std::numeric_limits<double>::infinity() : bound});
    bound *= 2;
  }
  one.histogram.sample_count = cumulative.back();
  one.histogram.sample_sum = sum;
  return {"h_seconds", "help", MetricType::Histogram, {one}};
}

// What a process with `before` leaves to one with `now`.
std::vector<MetricFamily> carried(const std::vector<MetricFamily>& before,
                                  std::vector<MetricFamily> now) {
  add_counters(counters_text(before, json::array()), now);
  return now;
}

} // namespace

TEST(EarlierCounters, AreAddedByNameAndLabels) {
  auto now = carried({counters("a_total", {counted("x", 3), counted("y", 4)})},
                     {counters("a_total", {counted("y", 10)})});

  ASSERT_THAT(now, SizeIs(1));
  ASSERT_THAT(now.front().metric, SizeIs(2));
  EXPECT_EQ(now.front().metric[0].counter.value, 14);
  EXPECT_EQ(now.front().metric[1].counter.value, 3);
  EXPECT_EQ(now.front().metric[1].label.front().value, "x");
}

TEST(EarlierCounters, StayIfNobodyCountsThemAnyMore) {
  auto now = carried({counters("gone_total", {counted("x", 3)})}, {});

  ASSERT_THAT(now, SizeIs(1));
  EXPECT_EQ(now.front().name, "gone_total");
  EXPECT_EQ(now.front().type, MetricType::Counter);
  EXPECT_EQ(now.front().metric.front().counter.value, 3);
}

TEST(EarlierCounters, OfHistogramsAreAddedBucketByBucket) {
  auto now = carried({histogram({1, 2, 4}, 2.5)}, {histogram({0, 1, 1}, 0.5)});

  auto& sum = now.front().metric.front().histogram;
  EXPECT_EQ(sum.sample_count, 5U);
  EXPECT_EQ(sum.sample_sum, 3.0);
  EXPECT_EQ(sum.bucket[0].cumulative_count, 1U);
  EXPECT_EQ(sum.bucket[1].cumulative_count, 3U);
  EXPECT_EQ(sum.bucket[2].cumulative_count, 5U);
}

TEST(EarlierCounters, OfAHistogramThatIsGoneKeepTheirBounds) {
  auto now = carried({histogram({1, 2}, 1.0)}, {});

  auto& kept = now.front().metric.front().histogram;
  ASSERT_THAT(kept.bucket, SizeIs(2));
  EXPECT_EQ(kept.bucket[0].upper_bound, 0.5);
  EXPECT_EQ(kept.bucket[1].upper_bound,
            std::numeric_limits<double>::infinity());
}

TEST(EarlierCounters, AreNotThoseOfTheMachineNorGauges) {
  MetricFamily gauge{"g", "help", MetricType::Gauge, {counted("x", 1)}};

  auto now
    = carried({counters("coppice_tcp_x_total", {counted("x", 3)}), gauge}, {});

  EXPECT_THAT(now, SizeIs(0));
}

TEST(EarlierCounters, OfAListenerAreAddedAsWellByReactor) {
  auto before = json::parse(R"([{"name": "echo", "active": 7,
    "counters": {"accepted": 3, "accept_errors": {"fatal": 1}},
    "reactors": [{"index": 0, "counters": {"accepted": 1}},
                 {"index": 1, "counters": {"accepted": 2}}]}])");
  auto now = json::parse(R"({"name": "echo", "active": 1,
    "counters": {"accepted": 10, "accept_errors": {}},
    "reactors": [{"index": 0, "counters": {"accepted": 10}}]})");

  add_counters(counters_text({}, before), now);

  EXPECT_EQ(now, json::parse(R"({"name": "echo", "active": 1,
    "counters": {"accepted": 13, "accept_errors": {"fatal": 1}},
    "reactors": [{"index": 0, "counters": {"accepted": 11}},
                 {"index": 1, "counters": {"accepted": 2}}]})"));
}

TEST(EarlierCounters, OfAnotherListenerAreNotAdded) {
  auto before = json::parse(R"([{"name": "other",
    "counters": {"accepted": 3}, "reactors": []}])");
  auto now = json::parse(R"({"name": "echo", "counters": {"accepted": 10},
                             "reactors": []})");
  auto as_it_was = now;

  add_counters(counters_text({}, before), now);

  EXPECT_EQ(now, as_it_was);
}

TEST(EarlierCounters, ThatMakeNoSenseAreIgnored) {
  std::vector<MetricFamily> metrics{counters("a_total", {counted("x", 1)})};
  auto listener = json::parse(R"({"name": "echo", "counters": {}})");

  for (auto* text : {"", "nonsense", "[]", "{}", R"({"metrics": 3})",
                     R"({"metrics": [{"name": 3}], "listeners": [3]})"}) {
    add_counters(text, metrics);
    add_counters(text, listener);
  }

  EXPECT_EQ(metrics.front().metric.front().counter.value, 1);
  EXPECT_EQ(listener, json::parse(R"({"name": "echo", "counters": {}})"));
}

} // namespace earlier_counters_test
