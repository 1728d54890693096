// SPDX-License-Identifier: BSD-3-Clause

#include "admin/limits_json.hpp"

#include "fault/names.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coppice::admin {

using json = nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds longest = std::chrono::hours{24 * 365};
constexpr milliseconds shortest{1};
constexpr milliseconds at_once{0};

struct count_limit {
  const char* key;
  std::optional<std::size_t> net::limits::*member;
  std::size_t least = 0;
  std::size_t most = SIZE_MAX;
};

// So that no product with a second in nanoseconds is too large.
constexpr std::size_t most_a_second = 1'000'000'000'000;

constexpr count_limit
rate_limit(const char* key, std::optional<std::size_t> net::limits::*member) {
  return {key, member, 1, most_a_second};
}

struct time_limit {
  const char* key;
  std::optional<milliseconds> net::limits::*member;
  milliseconds least;
};

struct period {
  const char* key;
  milliseconds net::limits::*member;
};

constexpr std::array counts{
  count_limit{"max_connections", &net::limits::max_connections},
  count_limit{"max_per_address", &net::limits::max_per_address},
  count_limit{"alarm", &net::limits::alarm},
  rate_limit("accept_rate", &net::limits::accept_rate),
  rate_limit("accept_burst", &net::limits::accept_burst),
  rate_limit("accept_rate_per_address", &net::limits::accept_rate_per_address),
  rate_limit("accept_burst_per_address",
             &net::limits::accept_burst_per_address),
  rate_limit("read_rate", &net::limits::read_rate),
  rate_limit("read_burst", &net::limits::read_burst),
  rate_limit("read_rate_per_address", &net::limits::read_rate_per_address),
  rate_limit("read_burst_per_address", &net::limits::read_burst_per_address),
};

constexpr std::array times{
  time_limit{"first_byte_ms", &net::limits::first_byte, shortest},
  time_limit{"idle_ms", &net::limits::idle, shortest},
  time_limit{"send_ms", &net::limits::send, shortest},
  time_limit{"lifetime_ms", &net::limits::lifetime, shortest},
  time_limit{"goodbye_ms", &net::limits::goodbye, at_once},
};

constexpr std::array periods{
  period{"reject_after_ms", &net::limits::reject_after},
  period{"alarm_period_ms", &net::limits::alarm_period},
};

bool is_count(const json& value) {
  return value.is_number_integer() && value >= 0;
}

std::optional<milliseconds> as_time(const json& value, milliseconds least) {
  if (!is_count(value) || value > longest.count() || value < least.count())
    return {};
  return milliseconds{value.get<milliseconds::rep>()};
}

expected<void, std::string> set_count(const count_limit& limit,
                                      const json& value, net::limits& into) {
  auto fits = is_count(value) && value.get<std::size_t>() >= limit.least
              && value.get<std::size_t>() <= limit.most;
  if (!value.is_null() && !fits)
    return unexpected{std::string{limit.key} + " has to be a number, "
                      + std::to_string(limit.least) + " or more"
                      + (limit.most == SIZE_MAX
                           ? ""
                           : " and at most " + std::to_string(limit.most))
                      + ", or null"};
  auto& member = into.*limit.member;
  member.reset();
  if (!value.is_null())
    member = value.get<std::size_t>();
  return {};
}

expected<void, std::string> set_time(const time_limit& limit, const json& value,
                                     net::limits& into) {
  auto time = as_time(value, limit.least);
  if (!value.is_null() && !time)
    return unexpected{std::string{limit.key} + " has to be a number from "
                      + std::to_string(limit.least.count())
                      + " on, at most a year, or null"};
  into.*limit.member = time;
  return {};
}

expected<void, std::string> set_period(const period& which, const json& value,
                                       net::limits& into) {
  auto time = as_time(value, at_once);
  if (!time)
    return unexpected{std::string{which.key}
                      + " has to be a number, 0 or more and at most a year"};
  into.*which.member = *time;
  return {};
}

std::vector<std::string> limit_names() {
  std::vector<std::string> result{"overflow", "max_output_bytes"};
  for (auto& each : counts)
    result.emplace_back(each.key);
  for (auto& each : times)
    result.emplace_back(each.key);
  for (auto& each : periods)
    result.emplace_back(each.key);
  return result;
}

expected<void, std::string> set_other(const std::string& key, const json& value,
                                      net::limits& into) {
  if (key == "overflow") {
    if (value != "queue" && value != "reject")
      return unexpected<std::string>{
        "overflow has to be \"queue\" or \"reject\""};
    into.overflow
      = value == "queue" ? net::overflow::queue : net::overflow::reject;
    return {};
  }
  if (key == "max_output_bytes") {
    if (!is_count(value))
      return unexpected<std::string>{
        "max_output_bytes has to be a number, 0 or more"};
    into.max_output_bytes = value.get<std::size_t>();
    return {};
  }
  return unexpected{"there is no limit called \"" + key + "\""
                    + fault::did_you_mean(key, limit_names())};
}

expected<void, std::string> set(const std::string& key, const json& value,
                                net::limits& into) {
  for (auto& limit : counts)
    if (key == limit.key)
      return set_count(limit, value, into);
  for (auto& limit : times)
    if (key == limit.key)
      return set_time(limit, value, into);
  for (auto& which : periods)
    if (key == which.key)
      return set_period(which, value, into);
  return set_other(key, value, into);
}

} // namespace

json to_json(const net::limits& what) {
  json result{
    {"overflow", what.overflow == net::overflow::queue ? "queue" : "reject"},
    {"max_output_bytes", what.max_output_bytes},
  };
  for (auto& limit : counts) {
    auto& value = what.*limit.member;
    result[limit.key] = value ? json(*value) : json();
  }
  for (auto& limit : times) {
    auto& value = what.*limit.member;
    result[limit.key] = value ? json(value->count()) : json();
  }
  for (auto& which : periods)
    result[which.key] = (what.*which.member).count();
  return result;
}

expected<void, std::string> merge(const json& changes, net::limits& into) {
  auto result = into;
  for (auto& [key, value] : changes.items())
    if (auto done = set(key, value, result); !done)
      return done;
  into = result;
  return {};
}

} // namespace coppice::admin
