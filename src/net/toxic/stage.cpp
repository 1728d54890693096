// SPDX-License-Identifier: BSD-3-Clause

#include "net/toxic/stage.hpp"

#include "net/toxic/shared_line.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace coppice::net {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto never = clock::time_point::max();

// What is slower is let through in parts of a tenth of a second, as Toxiproxy
// does.
constexpr milliseconds part_length{100};

// What one connection sends on a shared line until it is another's turn.
constexpr milliseconds turn_length{16};
constexpr std::size_t least_turn = 16;
constexpr std::size_t most_turn = 64 * 1024;

constexpr std::int64_t million = 1'000'000;

// Ethernet's, and the times of Linux: TCP_RTO_MIN, TCP_RTO_MAX and
// net.ipv4.tcp_retries2.
constexpr std::size_t packet_bytes = 1460;
constexpr milliseconds first_retry{200};
constexpr milliseconds longest_retry{120'000};
constexpr int most_retries = 15;

// Of the standard's generators only some fix their output, and their state is
// large; this is splitmix64 by Sebastiano Vigna.
std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

std::uint64_t seed_for(std::uint64_t seed, std::string_view name) noexcept {
  for (unsigned char c : name)
    seed = mixed(seed ^ c) + 0x9e3779b97f4a7c15U;
  return seed;
}

} // namespace

toxic_stage::toxic_stage(const placed_toxic& what, std::uint64_t seed,
                         time_point now)
    : id_(what.id),
      revision_(what.revision),
      effect_(what.what.effect),
      state_(seed_for(seed, what.what.name)),
      active_(decide(what.what.toxicity)),
      line_(what.line),
      since_(now),
      free_(now) {
  begin(now);
}

void toxic_stage::begin(time_point now) {
  if (!active_)
    return;
  if (auto* how = std::get_if<timeout_toxic>(&effect_);
      how != nullptr && how->timeout.count() > 0)
    end(ending::closed, type_of(effect_), now + how->timeout);
  if (auto* how = std::get_if<limit_time_toxic>(&effect_))
    end(ending::closed, type_of(effect_), std::max(since_ + how->time, now));
}

void toxic_stage::change(const placed_toxic& what, time_point now) {
  revision_ = what.revision;
  effect_ = what.what.effect;
  active_ = decide(what.what.toxicity);
  line_ = what.line;
  if (ended_)
    return;
  auto held = std::exchange(queue_, {});
  auto sender_ended = std::exchange(sender_ended_, {});
  held_bytes_ = 0;
  end_.reset();
  free_ = now;
  begin(now);
  for (auto& entry : held)
    put(std::move(entry.bytes), entry.came);
  if (sender_ended)
    put_end(sender_ended->what, sender_ended->by, sender_ended->at);
}

// -- what comes in ------------------------------------------------------------

void toxic_stage::put(std::string bytes, time_point when) {
  if (over(when) || sender_ended_)
    return;
  if (active_)
    std::visit([&](auto& how) { accept(how, std::move(bytes), when); },
               effect_);
  else
    hold(std::move(bytes), when, std::max(when, free_));
}

void toxic_stage::put_end(ending what, std::string_view by, time_point when) {
  if (over(when) || sender_ended_)
    return;
  sender_ended_ = finish{what, by, when};
  auto at = std::max(when, free_);
  if (shares_line() && !queue_.empty())
    at = never; // until it is known when the last piece is sent
  if (active_) {
    if (auto* slow = std::get_if<slow_close_toxic>(&effect_))
      at += slow->delay;
    if (auto* reset = std::get_if<reset_peer_toxic>(&effect_)) {
      if (!end_)
        end(ending::reset, type_of(effect_), when + reset->timeout);
      return;
    }
  }
  end(what, by, at);
}

void toxic_stage::hold(std::string bytes, time_point came, time_point due) {
  held_bytes_ += bytes.size();
  queue_.push_back({std::move(bytes), came, due});
  free_ = std::max(free_, due);
}

void toxic_stage::end(ending what, std::string_view by, time_point at) {
  end_ = finish{what, by, at};
}

// What was closed takes no more.
bool toxic_stage::over(time_point when) const noexcept {
  return ended_ || (end_ && end_->at <= when);
}

// -- what each of them does ---------------------------------------------------

void toxic_stage::accept(const latency_toxic& how, std::string bytes,
                         time_point when) {
  auto late = how.latency + milliseconds{vary(how.jitter.count())};
  hold(std::move(bytes), when,
       std::max(when + std::max(late, milliseconds{0}), free_));
}

void toxic_stage::accept(const bandwidth_toxic& how, std::string bytes,
                         time_point when) {
  if (shares_line())
    return accept_shared(how, std::move(bytes), when);
  if (how.rate == 0 || free_ == never)
    return hold(std::move(bytes), when, never);
  auto at = std::max(when, free_);
  auto part = static_cast<std::size_t>(how.rate * part_length.count());
  std::size_t from = 0;
  for (; bytes.size() - from > part; from += part)
    hold(bytes.substr(from, part), when, at += part_length);
  auto rest = static_cast<std::int64_t>(bytes.size() - from);
  // KB a second are bytes a millisecond.
  hold(bytes.substr(from), when, at + nanoseconds{rest * 1'000'000 / how.rate});
}

// One piece of each connection is on the line at a time, so that they take
// turns.
void toxic_stage::accept_shared(const bandwidth_toxic& how, std::string bytes,
                                time_point when) {
  auto begins = queue_.empty();
  auto part
    = std::clamp(static_cast<std::size_t>(how.rate * turn_length.count()),
                 least_turn, most_turn);
  held_bytes_ += bytes.size();
  for (std::size_t from = 0; from < bytes.size(); from += part)
    queue_.push_back({bytes.substr(from, part), when, never});
  if (begins)
    send_next(when);
}

// The first piece that waits is on the line from `when` on.
void toxic_stage::send_next(time_point when) {
  auto rate = std::get<bandwidth_toxic>(effect_).rate;
  if (rate == 0 || queue_.empty())
    return;
  auto& next = queue_.front();
  auto bytes = static_cast<std::int64_t>(next.bytes.size());
  next.due = line_->send(std::max(when, next.came),
                         nanoseconds{bytes * 1'000'000 / rate});
}

// One of its pieces was sent at `when`.
void toxic_stage::after_sending(time_point when) {
  if (!queue_.empty())
    send_next(when);
  else if (sender_ended_ && end_)
    end_->at = std::max(sender_ended_->at, when);
}

void toxic_stage::accept(const slow_close_toxic&, std::string bytes,
                         time_point when) {
  hold(std::move(bytes), when, std::max(when, free_));
}

void toxic_stage::accept(const timeout_toxic& how, std::string,
                         time_point when) {
  if (how.timeout.count() > 0)
    end(ending::closed, type_of(effect_), when + how.timeout);
}

void toxic_stage::accept(const reset_peer_toxic& how, std::string bytes,
                         time_point when) {
  hold(std::move(bytes), when, never);
  if (!end_)
    end(ending::reset, type_of(effect_), when + how.timeout);
}

void toxic_stage::accept(const slicer_toxic& how, std::string bytes,
                         time_point when) {
  auto at = std::max(when, free_);
  std::size_t from = 0;
  for (auto to : cuts(how, bytes.size())) {
    hold(bytes.substr(from, to - from), when, at);
    from = to;
    at += how.delay;
  }
  free_ = at;
}

void toxic_stage::accept(const limit_data_toxic& how, std::string bytes,
                         time_point when) {
  auto left = std::max<std::int64_t>(how.bytes - passed_bytes_, 0);
  if (static_cast<std::int64_t>(bytes.size()) > left)
    bytes.resize(static_cast<std::size_t>(left));
  passed_bytes_ += static_cast<std::int64_t>(bytes.size());
  if (!bytes.empty())
    hold(std::move(bytes), when, std::max(when, free_));
  if (passed_bytes_ >= how.bytes)
    end(ending::closed, type_of(effect_), std::max(when, free_));
}

void toxic_stage::accept(const limit_time_toxic&, std::string bytes,
                         time_point when) {
  hold(std::move(bytes), when, std::max(when, free_));
}

void toxic_stage::accept(const packet_loss_toxic& how, std::string bytes,
                         time_point when) {
  std::size_t from = 0; // of what no lost packet divides
  for (std::size_t at = 0; at < bytes.size(); at += packet_bytes) {
    auto due = received(how.per_million, when);
    if (due <= std::max(when, free_))
      continue;
    if (from < at)
      hold(bytes.substr(from, at - from), when, std::max(when, free_));
    free_ = std::max(free_, due);
    from = at;
  }
  hold(bytes.substr(from), when, std::max(when, free_));
}

// When a packet that is sent at `when` arrives.
toxic_stage::time_point toxic_stage::received(std::int64_t lost_per_million,
                                              time_point when) noexcept {
  if (lost_per_million >= million)
    return never;
  auto late = first_retry;
  for (int sent = 0; happens(lost_per_million); ++sent) {
    if (sent == most_retries)
      return never;
    when += late;
    late = std::min(2 * late, longest_retry);
  }
  return when;
}

void toxic_stage::accept(const corrupt_toxic& how, std::string bytes,
                         time_point when) {
  for (auto& byte : bytes)
    if (happens(how.per_million))
      byte = static_cast<char>(byte ^ (1 << (draw() % 8)));
  hold(std::move(bytes), when, std::max(when, free_));
}

void toxic_stage::accept(const down_toxic&, std::string bytes,
                         time_point when) {
  hold(std::move(bytes), when, std::max(when, free_));
}

// Where pieces end: halves of halves, until they are small enough.
std::vector<std::size_t> toxic_stage::cuts(const slicer_toxic& how,
                                           std::size_t size) {
  struct range {
    std::int64_t from;
    std::int64_t to;
  };
  std::vector<std::size_t> result;
  std::vector<range> open{{0, static_cast<std::int64_t>(size)}};
  while (!open.empty()) {
    auto [from, to] = open.back();
    open.pop_back();
    if (to - from - how.average_size <= how.size_variation) {
      result.push_back(static_cast<std::size_t>(to));
      continue;
    }
    auto middle = from + (to - from) / 2 + vary(how.size_variation);
    open.push_back({middle, to});
    open.push_back({from, middle});
  }
  return result;
}

// -- what comes out -----------------------------------------------------------

std::optional<toxic_stage::piece> toxic_stage::take(time_point now) {
  if (queue_.empty() || queue_.front().due > now)
    return {};
  auto result = std::move(queue_.front());
  queue_.pop_front();
  held_bytes_ -= result.bytes.size();
  if (shares_line() && result.due != never)
    after_sending(result.due);
  return result;
}

std::optional<toxic_stage::finish> toxic_stage::take_end(time_point now) {
  if (ended_ || !end_ || end_->at > now)
    return {};
  ended_ = true;
  queue_.clear(); // of a connection that is reset
  held_bytes_ = 0;
  return end_;
}

std::optional<toxic_stage::time_point> toxic_stage::next() const {
  auto first = queue_.empty() ? never : queue_.front().due;
  if (end_ && !ended_)
    first = std::min(first, end_->at);
  if (first == never)
    return {};
  return first;
}

std::optional<toxic_stage::finish>
toxic_stage::end_of_removal(time_point now) const {
  if (ended_)
    return {};
  if (active_ && std::holds_alternative<timeout_toxic>(effect_))
    return finish{ending::closed, type_of(effect_), now};
  if (sender_ended_)
    return finish{sender_ended_->what, sender_ended_->by, now};
  return {};
}

// -- chance -------------------------------------------------------------------

std::uint64_t toxic_stage::draw() noexcept {
  return mixed(state_ += 0x9e3779b97f4a7c15U);
}

// From -by to below +by.
std::int64_t toxic_stage::vary(std::int64_t by) noexcept {
  if (by == 0)
    return 0;
  return static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(2 * by))
         - by;
}

bool toxic_stage::happens(std::int64_t per_million) noexcept {
  return static_cast<std::int64_t>(draw() % million) < per_million;
}

bool toxic_stage::shares_line() const noexcept {
  auto* how = std::get_if<bandwidth_toxic>(&effect_);
  return active_ && how != nullptr && how->shared != 0 && line_;
}

bool toxic_stage::decide(double toxicity) noexcept {
  return static_cast<double>(draw() >> 11) * 0x1p-53 < toxicity;
}

} // namespace coppice::net
