// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/limits.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace coppice::net {

/// When a connection has taken too long, by its limits. Pure: it has no clock
/// and no timer, and all times are given.
class deadlines {
public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;

  /// A limit and when it is reached, if nothing happens before.
  struct due {
    time_point at;
    time_limit limit;
  };

  /// What the connection is doing, which decides what limits count.
  struct situation {
    /// The peer's bytes are read. A peer that is not read from cannot be blamed
    /// for its silence.
    bool reads = true;
    bool output_waits = false;
  };

  /// `limits` must outlive it.
  deadlines(const net::limits& limits, time_point opened) noexcept;

  /// Sets the idle limit, in place of that of `limits`.
  void set_idle_limit(std::optional<std::chrono::milliseconds> value) noexcept {
    idle_limit_ = value;
  }

  /// Whether the peer's silence counts.
  bool limits_silence() const noexcept {
    return idle_limit_ || (limits_->first_byte && !heard_);
  }

  /// Whether the peer has to take what waits in time.
  bool limits_sending() const noexcept {
    return limits_->send.has_value();
  }

  // -- before the handler -----------------------------------------------------

  /// The peer has `length` from now to complete the `limit`, a header or a
  /// handshake. Its silence does not count before `end_preparation`.
  void prepare(time_limit limit, std::chrono::milliseconds length,
               time_point now) noexcept {
    preparation_ = due{now + length, limit};
  }

  /// From now on it is to send its first byte.
  void end_preparation(time_point now) noexcept {
    preparation_.reset();
    heard_ = false;
    last_heard_ = now;
  }

  /// Whether it is between these two.
  bool prepares() const noexcept {
    return preparation_.has_value();
  }

  // -- what happens -----------------------------------------------------------

  /// The peer has sent bytes.
  void on_heard(time_point now) noexcept {
    heard_ = true;
    last_heard_ = now;
  }

  /// Its silence counts from now.
  void restart_silence(time_point now) noexcept {
    last_heard_ = now;
  }

  /// Output has moved.
  void on_sent(time_point now) noexcept {
    last_sent_ = now;
  }

  /// Output begins to wait. The peer has taken `taken` bytes, which matters if
  /// `limits_sending`.
  void on_output_waits(time_point now, std::int64_t taken) noexcept {
    last_sent_ = now;
    taken_ = taken;
  }

  /// The peer has taken `taken` bytes by now: if more than before, it reads.
  void on_taken(time_point now, std::int64_t taken) noexcept;

  /// That limit was reached, but the connection continues: its time starts
  /// again.
  void restart(time_limit limit, time_point now) noexcept;

  // -- what is due ------------------------------------------------------------

  /// The limit that is reached first.
  std::optional<due> next(const situation& state) const noexcept;

  /// When to look next, at the latest: whether a slow peer reads is to be seen
  /// several times within the limit on that.
  std::optional<time_point> next_look(const situation& state,
                                      time_point now) const noexcept;

private:
  const net::limits* limits_;
  std::optional<std::chrono::milliseconds> idle_limit_;
  time_point lives_since_;
  time_point last_heard_;          // or since it is read from
  time_point last_sent_;           // when output moved, or began to wait
  std::optional<due> preparation_; // when it has taken too long
  std::int64_t taken_ = 0;
  bool heard_ = false;
};

} // namespace coppice::net
