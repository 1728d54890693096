// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace coppice::net {

/// Something that wants to be called at a time. Belongs to at most one wheel
/// and takes itself out of it when it goes.
class timer {
public:
  timer() noexcept = default;
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  bool armed() const noexcept {
    return next_ != nullptr;
  }

protected:
  virtual ~timer();

private:
  friend class timer_wheel;

  /// The deadline has passed; the timer is no longer armed.
  virtual void on_timer() = 0;

  void unlink() noexcept;

  timer* prev_ = nullptr;
  timer* next_ = nullptr;
  std::uint64_t due_ = 0; // in ticks
};

/// Timers at the cost of a list operation each. Fires at most one tick late,
/// never early. Not thread-safe; the time is given.
class timer_wheel {
public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds tick{16};

  explicit timer_wheel(clock::time_point now);

  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;

  ~timer_wheel();

  /// Has `t` fire at `deadline`, in place of an earlier deadline.
  void arm(timer& t, clock::time_point deadline);

  void cancel(timer& t) noexcept;

  /// Fires everything that is due at `now`. Timers may arm and cancel timers,
  /// themselves included.
  void advance(clock::time_point now);

  /// When to call `advance` next; nothing if no timer is armed. May come
  /// before the earliest deadline, never after it plus one tick.
  std::optional<clock::time_point> next();

private:
  static constexpr std::size_t slot_count = 1024;
  static constexpr std::uint64_t never = UINT64_MAX;

  // The head of a list.
  struct slot final : timer {
    slot() noexcept;
    ~slot() override;
    void on_timer() override;
  };

  void insert(slot& where, timer& t) noexcept;
  std::uint64_t ticks(clock::time_point t) const noexcept;

  clock::time_point start_;
  std::uint64_t now_ = 0;          // the last tick that was processed
  std::uint64_t earliest_ = never; // no slot before this one is in use
  std::array<slot, slot_count> slots_;
};

} // namespace coppice::net
