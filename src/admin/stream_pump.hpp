// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/event_feed.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace coppice::admin {

/// Reads all event feeds on one thread, and hands on what they give. A feed
/// whose client does not read waits, and the others go on. Thread-safe.
class stream_pump {
public:
  /// Has `deliver` called on the pump's thread. Throws `std::system_error` if
  /// no thread can be created.
  explicit stream_pump(
    std::function<void(std::uint64_t id, std::string text)> deliver);

  ~stream_pump();

  stream_pump(const stream_pump&) = delete;
  stream_pump& operator=(const stream_pump&) = delete;

  void add(std::uint64_t id, event_feed feed);

  void remove(std::uint64_t id);

  /// Has the feed wait, or go on.
  void hold(std::uint64_t id, bool held);

private:
  struct stream {
    explicit stream(event_feed what) : feed(std::move(what)) {
      // nop
    }

    event_feed feed; // for the pump's thread
    std::atomic<bool> held = false;
  };

  void run();
  void wake();

  std::function<void(std::uint64_t, std::string)> deliver_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::shared_ptr<stream>>
    streams_;          // guarded by mutex_
  bool news_ = false;  // guarded by mutex_
  bool ended_ = false; // guarded by mutex_
  std::thread thread_;
};

} // namespace coppice::admin
