// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/toxic/pipe.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::net {

/// The toxics of a listener and of its connections. Thread-safe.
///
/// Source: Toxiproxy's ToxicCollection; the toxics of one connection are ours.
class toxic_collection {
public:
  using result = toxic_result;
  using target = toxic_target;

  toxic_collection();

  std::shared_ptr<const toxic_list> list() const;

  bool empty() const noexcept {
    return empty_.load(std::memory_order_relaxed);
  }

  /// Completes `what` and adds it behind the others.
  result add(toxic& what, target connection);

  /// Sets toxicity and attributes of the toxic of that name, which keeps its
  /// type and stream.
  result update(toxic what, target connection);

  result remove(std::string_view name, target connection);

  /// Removes those of one connection, or all there are.
  void clear(target connection);

private:
  placed_toxic* find(toxic_list& all, std::string_view name, target connection);
  void set(toxic_list value);

  mutable std::mutex mutex_;
  std::shared_ptr<const toxic_list> list_; // guarded by mutex_; never null
  std::uint64_t last_number_ = 0;          // guarded by mutex_
  std::atomic<bool> empty_ = true;
};

} // namespace coppice::net
