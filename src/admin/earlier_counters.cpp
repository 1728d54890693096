// SPDX-License-Identifier: BSD-3-Clause

#include "admin/earlier_counters.hpp"

#include <nlohmann/json.hpp>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

namespace coppice::admin {

using json = nlohmann::json;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

// Counted by the kernel, for all processes.
constexpr std::string_view of_the_machine = "coppice_tcp_";

bool is_carried(const MetricFamily& what) {
  return (what.type == MetricType::Counter
          || what.type == MetricType::Histogram)
         && !what.name.starts_with(of_the_machine);
}

json to_json(const ClientMetric& what, MetricType type) {
  json labels = json::array();
  for (auto& each : what.label)
    labels.push_back({each.name, each.value});
  json result{{"labels", std::move(labels)}};
  if (type == MetricType::Counter) {
    result["value"] = what.counter.value;
    return result;
  }
  json buckets = json::array();
  for (auto& each : what.histogram.bucket) // JSON knows no infinity
    buckets.push_back(
      {std::min(each.upper_bound, std::numeric_limits<double>::max()),
       each.cumulative_count});
  result["count"] = what.histogram.sample_count;
  result["sum"] = what.histogram.sample_sum;
  result["buckets"] = std::move(buckets);
  return result;
}

ClientMetric metric_from(const json& what) {
  ClientMetric result;
  for (auto& each : what.at("labels"))
    result.label.push_back({each.at(0), each.at(1)});
  result.counter.value = what.value("value", 0.0);
  result.histogram.sample_count = what.value("count", std::uint64_t{0});
  result.histogram.sample_sum = what.value("sum", 0.0);
  if (what.contains("buckets"))
    for (auto& each : what["buckets"]) {
      auto bound = each.at(0).get<double>();
      if (bound == std::numeric_limits<double>::max())
        bound = std::numeric_limits<double>::infinity();
      result.histogram.bucket.push_back({each.at(1), bound});
    }
  return result;
}

// Another version may have other bounds: then it keeps its own.
void add(const ClientMetric& earlier, ClientMetric& to) {
  to.counter.value += earlier.counter.value;
  auto& from = earlier.histogram;
  auto& into = to.histogram;
  if (from.bucket.size() != into.bucket.size())
    return;
  into.sample_count += from.sample_count;
  into.sample_sum += from.sample_sum;
  for (std::size_t i = 0; i < from.bucket.size(); ++i)
    into.bucket[i].cumulative_count += from.bucket[i].cumulative_count;
}

void add(const json& samples, MetricFamily& to) {
  std::map<std::vector<ClientMetric::Label>, std::size_t> known;
  for (std::size_t i = 0; i < to.metric.size(); ++i)
    known.emplace(to.metric[i].label, i);
  for (auto& each : samples) {
    auto earlier = metric_from(each);
    auto found = known.find(earlier.label);
    if (found == known.end())
      to.metric.push_back(std::move(earlier));
    else
      add(earlier, to.metric[found->second]);
  }
}

// Adds the numbers of one object of counters to those of another.
void add_numbers(const json& earlier, json& to) {
  for (auto& [key, value] : earlier.items())
    if (value.is_object()) {
      if (!to.contains(key))
        to[key] = json::object();
      add_numbers(value, to[key]);
    } else if (value.is_number_unsigned()) {
      to[key] = to.value(key, std::uint64_t{0}) + value.get<std::uint64_t>();
    }
}

} // namespace

std::string counters_text(const std::vector<MetricFamily>& metrics,
                          const json& listeners) {
  json families = json::array();
  for (auto& each : metrics) {
    if (!is_carried(each))
      continue;
    json samples = json::array();
    for (auto& metric : each.metric)
      samples.push_back(to_json(metric, each.type));
    families.push_back({{"name", each.name},
                        {"help", each.help},
                        {"counts", each.type == MetricType::Counter},
                        {"samples", std::move(samples)}});
  }
  return json{{"metrics", std::move(families)}, {"listeners", listeners}}.dump(
    -1, ' ', false, json::error_handler_t::replace);
}

void add_counters(const std::string& text, std::vector<MetricFamily>& metrics) {
  auto earlier = json::parse(text, nullptr, false);
  if (!earlier.is_object())
    return;
  try {
    for (auto& family : earlier.at("metrics")) {
      auto name = family.at("name").get<std::string>();
      auto found = std::ranges::find(metrics, name, &MetricFamily::name);
      if (found == metrics.end())
        found = metrics.insert(
          metrics.end(),
          {name,
           family.at("help"),
           family.at("counts") ? MetricType::Counter : MetricType::Histogram,
           {}});
      add(family.at("samples"), *found);
    }
  } catch (const std::exception&) {
    // Another version writes it differently: what was added stays.
  }
}

void add_counters(const std::string& text, json& listener) {
  auto earlier = json::parse(text, nullptr, false);
  if (!earlier.is_object())
    return;
  try {
    for (auto& each : earlier.at("listeners")) {
      if (each.at("name") != listener.at("name"))
        continue;
      add_numbers(each.at("counters"), listener["counters"]);
      auto& reactors = listener["reactors"];
      for (auto& one : each.at("reactors")) {
        auto index = one.at("index").get<std::size_t>();
        if (index < reactors.size())
          add_numbers(one.at("counters"), reactors[index]["counters"]);
        else
          reactors.push_back(one);
      }
    }
  } catch (const std::exception&) {
    // As above.
  }
}

} // namespace coppice::admin
