// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"
#include "coppice/observe/recent.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace coppice::observe {

/// Some of what has happened.
struct excerpt {
  std::vector<std::shared_ptr<const event>> events; ///< By `seq`, ascending.
  std::uint64_t missed = 0; ///< Events before them that are not kept any more.
};

/// Carries events from whom they happen to, to whoever wants to know: to one
/// that drains it, and to any number that read at their own pace. Keeps the
/// last events, for readers that are slow, restarting or not there yet.
///
/// Thread-safe; publishing never waits for a reader.
class event_bus {
public:
  /// The last `capacity` >= 1 events are kept.
  explicit event_bus(std::size_t capacity = 4096);

  /// Tells this bus from that of another process, whose numbers are others.
  std::uint64_t boot() const noexcept {
    return boot_;
  }

  /// Stamps `ev` with its sequence number and the time, and hands it on.
  /// Returns the sequence number, for `cause`.
  std::uint64_t publish(event ev);

  /// Everything that is new since the last call, as far as it is kept.
  std::vector<event> drain();

  /// Events that went before they were drained.
  std::uint64_t lost() const;

  /// At most `limit` events that follow the one numbered `seq`; 0: all.
  excerpt after(std::uint64_t seq, std::size_t limit) const;

  /// The number of the latest event; 0: none.
  std::uint64_t last_seq() const;

  /// Returns once there is an event after `seq`, `interrupt` was called or time
  /// is up. Not for reactors.
  void wait_for(std::uint64_t seq, std::chrono::milliseconds timeout) const;

  /// Has everyone who waits look around. Any thread.
  void interrupt();

  /// Sets what is called, on the publishing thread, when events begin to wait.
  /// It must not block and must not publish. An empty function unsets it.
  void on_pending(std::function<void()> wake);

private:
  std::uint64_t boot_; // when it was made
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::size_t sleepers_ = 0;
  std::uint64_t interrupts_ = 0;
  recent<std::shared_ptr<const event>> kept_;
  std::uint64_t drained_ = 0; // the number of the last that was
  std::uint64_t lost_ = 0;
  std::function<void()> wake_;
};

} // namespace coppice::observe
