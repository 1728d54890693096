#pragma once

#include "coppice/observe/event.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace coppice::observe {

/// Carries events from whom they happen to, to whoever wants to know. Keeps a
/// bounded backlog for a reader that is slow, restarting or not there yet.
///
/// Thread-safe; publishing never waits for a reader.
class event_bus {
public:
  /// At most `capacity` >= 1 events wait for the reader; then the oldest goes.
  explicit event_bus(std::size_t capacity = 4096);

  /// Stamps `ev` with its sequence number and the time, and hands it on.
  /// Returns the sequence number, for `cause`.
  std::uint64_t publish(event ev);

  /// Takes everything that waits.
  std::vector<event> drain();

  /// Events that went because nobody read them in time.
  std::uint64_t lost() const;

  /// Sets what is called, on the publishing thread, when events begin to wait.
  /// It must not block and must not publish. An empty function unsets it.
  void on_pending(std::function<void()> wake);

private:
  mutable std::mutex mutex_;
  std::size_t capacity_;
  std::deque<event> waiting_;
  std::uint64_t last_seq_ = 0;
  std::uint64_t lost_ = 0;
  std::function<void()> wake_;
};

} // namespace coppice::observe
