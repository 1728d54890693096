// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/fair_mutex.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace coppice::admin {

/// Faults that last as long as the client that asked for them: a client that
/// renews its lease keeps them, and what was done on a lease that runs out is
/// undone.
///
/// Thread-safe. A thread waits for the next end once there is a lease.
class leases {
public:
  using undo = std::function<void()>;

  /// Called with the name of a lease that ran out and how much was undone.
  using observer
    = std::function<void(const std::string& name, std::size_t undone)>;

  enum class outcome {
    done,
    too_many, ///< There are as many leases as there may be, or as many faults
              ///< on one.
    unknown,  ///< There is no such lease: it has run out.
    failed,   ///< No thread can be created for it.
  };

  explicit leases(observer on_end);
  leases(const leases&) = delete;
  leases& operator=(const leases&) = delete;

  /// What is left is not undone: the server ends.
  ~leases();

  /// Begins a lease, or renews it: it lasts that long from now on.
  outcome keep(const std::string& name, std::chrono::milliseconds lasts);

  bool has(std::string_view name) const;

  /// While it is held, nothing is undone. To be held by code that does
  /// something that may be on a lease, from before it is done until it is `put`
  /// or taken off: else the end of a lease could undo it instead of what was
  /// there before. A caller that asks for it while a lease ends gets it before
  /// the next undo.
  [[nodiscard]] std::unique_lock<fair_mutex> hold() {
    return std::unique_lock{doing_};
  }

  /// Has the end of a lease call `what`, which undoes what `key` stands for,
  /// last of all that it has. Takes the place of what was there for the same
  /// key, on any lease: a thing is on the lease that asked for it last. If
  /// there is no such lease, nothing changes.
  outcome put(std::string_view name, std::string key, undo what);

  /// Changes with each `put`.
  std::uint64_t mark() const;

  /// Takes off all leases what was put there up to `until`, a `mark`, where
  /// `gone` returns true for the key: it is undone already, or was done again
  /// without a lease.
  void forget(std::uint64_t until,
              const std::function<bool(std::string_view key)>& gone);

  /// Ends a lease before its time; returns how much was undone. Not while
  /// `hold` is held.
  std::size_t end(std::string_view name);

private:
  struct entry {
    std::string key;
    undo what;
    std::uint64_t put; // the mark
  };

  struct lease {
    std::chrono::steady_clock::time_point ends = {};
    std::list<entry> undone = {};
  };

  struct place {
    std::shared_ptr<lease> owner; // it may be ending
    std::list<entry>::iterator at;
  };

  using lease_map = std::map<std::string, std::shared_ptr<lease>, std::less<>>;

  void run();
  void erase(std::map<std::string, place, std::less<>>::iterator which);
  std::size_t undo_all(lease& ending);

  observer on_end_;
  fair_mutex doing_; // held while something is done or undone; before mutex_
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  lease_map all_;                                    // guarded by mutex_
  std::map<std::string, place, std::less<>> places_; // the same: by key
  std::uint64_t puts_ = 0;                           // the same
  bool stopping_ = false;                            // guarded by mutex_
  std::thread thread_;                               // started under mutex_
};

} // namespace coppice::admin
