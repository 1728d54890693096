// SPDX-License-Identifier: BSD-3-Clause

#include "net/admission.hpp"

#include <limits>
#include <optional>

namespace coppice::net {

namespace {

constexpr auto any_number = std::numeric_limits<std::int64_t>::max();
constexpr auto any_of_an_address = std::numeric_limits<std::size_t>::max();

std::int64_t as_count(const std::optional<std::size_t>& limit) noexcept {
  return limit && *limit < static_cast<std::size_t>(any_number)
           ? static_cast<std::int64_t>(*limit)
           : any_number;
}

} // namespace

admission::admission(const limits& value) {
  set(value);
}

void admission::set(const limits& value) noexcept {
  places_ = as_count(value.max_connections);
  places_an_address_ = value.max_per_address.value_or(any_of_an_address);
  alarm_at_ = as_count(value.alarm);
  alarm_period_ = clock::duration{value.alarm_period}.count();
}

bool admission::take_place() noexcept {
  for (auto taken = taken_.load(std::memory_order_relaxed);;) {
    if (taken < places_.load(std::memory_order_relaxed)) {
      if (taken_.compare_exchange_weak(taken, taken + 1))
        return true;
      continue;
    }
    // A place may have come back before it could be seen that one is wanted.
    refused_.store(true);
    taken = taken_.load();
    if (taken >= places_.load())
      return false;
  }
}

admission::returned_place admission::give_back_place() noexcept {
  auto last = taken_.fetch_sub(1) == 1 && empty();
  return {.last = last, .wanted = refused_.load()};
}

bool admission::take_address(const observe::peer_address& client) {
  return !has_address(client)
         || addresses_.take(client, places_an_address_.load());
}

void admission::give_back_address(const observe::peer_address& client) {
  if (has_address(client))
    addresses_.give_back(client);
}

bool admission::has_alarm() const noexcept {
  return alarm_at_.load(std::memory_order_relaxed) != any_number;
}

bool admission::raises_alarm(std::int64_t open,
                             clock::time_point now) noexcept {
  if (!has_alarm() || open < alarm_at_.load(std::memory_order_relaxed))
    return false;
  auto time = now.time_since_epoch().count();
  auto quiet_until = quiet_until_.load();
  return time >= quiet_until
         && quiet_until_.compare_exchange_strong(quiet_until,
                                                 time + alarm_period_.load());
}

} // namespace coppice::net
