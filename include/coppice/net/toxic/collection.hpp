#pragma once

#include "coppice/net/toxic/pipe.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::net {

/// Why a toxic is not put on, changed or taken off.
struct toxic_refusal {
  enum class kind {
    invalid, ///< There cannot be such a toxic.
    taken,   ///< There is one of that name already.
    unknown, ///< There is no such toxic, or no such connection.
    failed,  ///< The listener could not be opened again.
  };

  kind why;
  std::string message; ///< For a person.
};

/// The toxics of a listener and of its connections. Thread-safe.
///
/// Source: Toxiproxy's ToxicCollection; the toxics of one connection are ours.
class toxic_collection {
public:
  /// Nothing if it is done.
  using result = std::optional<toxic_refusal>;

  /// The toxics of a single connection, or of all.
  using target = std::optional<std::uint64_t>;

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
