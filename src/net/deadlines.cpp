// SPDX-License-Identifier: BSD-3-Clause

#include "net/deadlines.hpp"

#include <algorithm>
#include <utility>

namespace coppice::net {

namespace {

// How often it is looked whether a slow peer reads, within the limit on that.
constexpr int looks_a_limit = 4;

} // namespace

deadlines::deadlines(const net::limits& limits, time_point opened) noexcept
    : limits_(&limits),
      idle_limit_(limits.idle),
      lives_since_(opened),
      last_heard_(opened),
      last_sent_(opened) {
  // nop
}

void deadlines::on_taken(time_point now, std::int64_t taken) noexcept {
  if (std::exchange(taken_, taken) != taken)
    last_sent_ = now;
}

void deadlines::restart(time_limit limit, time_point now) noexcept {
  switch (limit) {
  case time_limit::first_byte:
  case time_limit::idle:
    last_heard_ = now;
    return;
  case time_limit::send:
    last_sent_ = now;
    return;
  case time_limit::lifetime:
    lives_since_ = now;
    return;
  case time_limit::proxy_header:
  case time_limit::handshake:
    return; // the connection does not continue
  }
}

std::optional<deadlines::due>
deadlines::next(const situation& state) const noexcept {
  std::optional<due> first;
  auto consider = [&](const std::optional<std::chrono::milliseconds>& length,
                      time_point since, time_limit limit) {
    if (length && (!first || since + *length < first->at))
      first = due{since + *length, limit};
  };
  consider(limits_->lifetime, lives_since_, time_limit::lifetime);
  if (state.output_waits)
    consider(limits_->send, last_sent_, time_limit::send);
  if (preparation_) {
    if (!first || preparation_->at < first->at)
      first = preparation_;
  } else if (state.reads) {
    if (!heard_)
      consider(limits_->first_byte, last_heard_, time_limit::first_byte);
    consider(idle_limit_, last_heard_, time_limit::idle);
  }
  return first;
}

std::optional<deadlines::time_point>
deadlines::next_look(const situation& state, time_point now) const noexcept {
  auto first = next(state);
  if (!first)
    return {};
  auto at = first->at;
  if (limits_->send && state.output_waits)
    at = std::min<time_point>(at, now + *limits_->send / looks_a_limit);
  return std::max(at, now);
}

} // namespace coppice::net
