// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace coppice::observe {

/// Some of what has happened.
struct excerpt {
  std::vector<std::shared_ptr<const event>> events; ///< By `seq`, ascending.
  std::uint64_t missed = 0; ///< Events before them that are not kept any more.
};

/// Carries events from where they happen to any number of readers, each at its
/// own pace: see `event_reader`. Keeps the last events, for readers that are
/// slow, restarting or not there yet.
///
/// Thread-safe; publishing never waits for a reader to take an event.
class event_bus {
public:
  /// The last `capacity` >= 1 events are kept.
  explicit event_bus(std::size_t capacity = 4096);

  event_bus(const event_bus&) = delete;
  event_bus& operator=(const event_bus&) = delete;

  /// Tells this bus from that of another process, whose numbers are others.
  std::uint64_t boot() const noexcept {
    return boot_;
  }

  /// When it was made: for a server, when it began.
  supervision::time_point began() const noexcept {
    return began_;
  }

  /// Stamps `ev` with its sequence number and the time, and hands it on.
  /// Returns the sequence number, for `cause`.
  std::uint64_t publish(event ev);

  /// At most `limit` events that follow the one numbered `seq`; 0: all. For
  /// readers that keep the number elsewhere, such as an HTTP client.
  excerpt after(std::uint64_t seq, std::size_t limit) const;

  /// The number of the latest event; 0: none.
  std::uint64_t last_seq() const;

  /// How many events each reader missed so far, by its name. Readers that have
  /// left still count. Readers with the same name count together.
  std::map<std::string, std::uint64_t> missed() const;

  /// Ends every `event_reader::wait` that is going on. Any thread.
  void interrupt();

private:
  friend class event_reader;

  struct core;

  std::uint64_t boot_; // the wall clock's time then
  supervision::time_point began_ = std::chrono::steady_clock::now();
  std::shared_ptr<core> core_;
};

/// A reader of a bus, with a position and a notification of its own. What it
/// takes, other readers get as well. It gets events in the order of their
/// numbers, each once. If the bus drops events that it has not taken yet, it
/// learns how many.
///
/// Thread-safe. It may outlive the bus.
class event_reader {
public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  /// Reads what follows the event numbered `seq`. 0: all that the bus still
  /// keeps; `from.last_seq()` or more: what is published from now on.
  /// `event_bus::missed` lists it under `name`.
  event_reader(event_bus& from, std::string name, std::uint64_t seq = 0);

  /// Leaves the bus. When this returns, its notification does not run and will
  /// not be called again.
  ~event_reader();

  event_reader(event_reader&&) noexcept;
  event_reader& operator=(event_reader&&) noexcept;

  /// At most `limit` of the events that it has not taken yet.
  excerpt take(std::size_t limit = all);

  /// The number of the last event that it has taken or knows to be missing.
  std::uint64_t position() const;

  /// Events that were dropped before it took them, in total; also those that
  /// the next `take` will report.
  std::uint64_t missed() const;

  /// Sets what is called, on the publishing thread, when there is something to
  /// take and there was nothing before. If something is there already, it is
  /// called at once. So call `take` until it is empty. It must not block, and
  /// must not use the bus or one of its readers. An empty function unsets it;
  /// when this returns, the former one does not run any more.
  void on_pending(std::function<void()> wake);

  /// Returns once there is something to take, `event_bus::interrupt` was called
  /// or time is up. Not for reactors.
  void wait(std::chrono::milliseconds timeout) const;

private:
  friend class event_bus;

  struct cursor;

  std::unique_ptr<cursor> cursor_;
};

} // namespace coppice::observe
