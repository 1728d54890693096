// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <caf/mailbox_element.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace coppice::actor {

/// Stands before a mailbox. While it is closed, messages wait before it.
/// Thread-safe.
class message_gate {
public:
  message_gate() = default;
  message_gate(const message_gate&) = delete;
  message_gate& operator=(const message_gate&) = delete;

  ~message_gate() {
    delete waiting_.load();
  }

  bool closed() const noexcept {
    auto* waiting = waiting_.load(std::memory_order_acquire);
    return waiting != nullptr && waiting->closed;
  }

  void close() {
    auto& waiting = room();
    std::lock_guard guard{waiting.mutex};
    waiting.closed = !waiting.open_for_good;
  }

  /// Takes `what`, which is null afterwards, if the gate is closed.
  bool hold(caf::mailbox_element_ptr& what) {
    auto* waiting = waiting_.load(std::memory_order_acquire);
    if (waiting == nullptr || !waiting->closed) [[likely]]
      return false;
    std::lock_guard guard{waiting->mutex};
    if (!waiting->closed)
      return false;
    waiting->messages.push_back(std::move(what));
    return true;
  }

  /// Opens it, and calls `pass` with each message that waited, in their order.
  template <class F>
  void open(F&& pass) {
    auto& waiting = room();
    // Under the lock, so that no later message overtakes them.
    std::lock_guard guard{waiting.mutex};
    for (auto& each : waiting.messages)
      pass(std::move(each));
    waiting.messages.clear();
    waiting.closed = false;
  }

  /// Opens it at the end of the actor behind it; it does not close again. The
  /// order of the messages does not matter then, so `pass` may do anything.
  template <class F>
  void open_for_good(F&& pass) {
    auto* waiting = waiting_.load(std::memory_order_acquire);
    if (waiting == nullptr)
      return;
    std::unique_lock guard{waiting->mutex};
    auto messages = std::move(waiting->messages);
    waiting->open_for_good = true;
    waiting->closed = false;
    guard.unlock();
    for (auto& each : messages)
      pass(std::move(each));
  }

private:
  struct waiting_room {
    std::atomic<bool> closed = false;
    std::mutex mutex;
    bool open_for_good = false;                     // guarded by mutex
    std::vector<caf::mailbox_element_ptr> messages; // guarded by mutex
  };

  // Few actors ever need one.
  waiting_room& room() {
    if (auto* there = waiting_.load(std::memory_order_acquire))
      return *there;
    auto made = std::make_unique<waiting_room>();
    waiting_room* there = nullptr;
    if (waiting_.compare_exchange_strong(there, made.get()))
      return *made.release();
    return *there;
  }

  std::atomic<waiting_room*> waiting_ = nullptr;
};

} // namespace coppice::actor
