// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/term.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::fault {

class evaluation;
class site;

/// A line of source code. As std::source_location, which clang 14 lacks.
struct place {
  const char* file;
  unsigned line;

  static constexpr place current(const char* file = __builtin_FILE(),
                                 unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

/// What the place where a point is has to do.
struct decision : action {
  /// The site that decided it and by which arming, for `block` and `apply`.
  site* origin = nullptr;
  std::uint64_t arming = 0;
  /// What the registry's `on_fire` answered.
  std::uint64_t event = 0;
};

/// One fault that was asked for. Valid during the call alone.
struct fire {
  std::string_view point;
  const action& what;
  /// 1 is the first that the point ever fired.
  std::uint64_t number;
};

/// Returns the number of the event that was published for it; 0: none was.
using fire_hook = std::function<std::uint64_t(const fire&)>;

/// What `throw` throws.
class injected : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A point as an observer sees it.
struct point_info {
  std::string name;
  std::string description;
  /// Where it is declared: `src/net/reactor.cpp:42`.
  std::string where;
  /// What it can be armed with, beside `off`, `log` and `abort`.
  action_set actions = action_set::all();
  /// The term that it is armed with, in canonical form; else empty.
  std::string term;
  /// Hits while it was armed.
  std::uint64_t hits = 0;
  /// How often it did something other than `off`.
  std::uint64_t fires = 0;
  /// Whether it is armed and will not do anything again, such as `1*drop` after
  /// it fired.
  bool used_up = false;
};

/// What the points of one name share; their registry owns it. Thread-safe.
class site {
public:
  site(std::string name, std::string description, action_set actions,
       place where, const fire_hook& on_fire);

  ~site();

  site(const site&) = delete;
  site& operator=(const site&) = delete;

  /// One for points that cannot be armed.
  static site& unarmable();

  bool armed() const noexcept {
    // No more is needed: what comes after a term is read under the mutex.
    return armed_.load(std::memory_order_relaxed);
  }

  // -- for points -------------------------------------------------------------

  /// `decided` is whether a step took the hit, if only to do nothing.
  std::optional<decision> hit(bool* decided = nullptr);

  /// Whether the point is still armed as it was for `what`.
  bool holds(const decision& what) const;

  void block(const decision& what);
  void apply(const decision& what);

  // -- for the registry -------------------------------------------------------

  const action_set& actions() const noexcept {
    return actions_;
  }

  const place& where() const noexcept {
    return where_;
  }

  void arm(const term& what, std::uint64_t seed);

  /// Returns whether it was armed. Nothing fires after that.
  bool disarm();

  /// The next arming counts as the first.
  void forget_armings();

  point_info info() const;

private:
  void become(std::unique_ptr<evaluation> next);

  const std::string name_;
  const std::string description_;
  const action_set actions_;
  const place where_;
  const fire_hook& on_fire_;
  std::atomic<bool> armed_ = false; // whether there is an evaluation

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All guarded by mutex_:
  std::unique_ptr<evaluation> evaluation_;
  std::uint64_t arming_ = 0;  // changes with the evaluation
  std::uint64_t armings_ = 0; // since the seed was set
  std::uint64_t hits_ = 0;
  std::uint64_t fires_ = 0;
};

/// What points share that are hit by things at paths, and may be armed for some
/// of them alone; their registry owns it. Thread-safe.
class path_site {
public:
  explicit path_site(site& all) : all_(all) {
    // nop
  }

  /// Whether it may be armed for anything.
  bool armed() const noexcept {
    return all_.armed() || some_are_armed_.load(std::memory_order_relaxed);
  }

  /// A hit by the thing at `path`. Terms that were armed for a pattern decide
  /// first, the latest before the others, then the term that was armed for all
  /// paths. If a term chooses no action, the next one decides.
  std::optional<decision> hit(std::string_view path);

  // -- for the registry -------------------------------------------------------

  const site& all() const noexcept {
    return all_;
  }

  /// From now on `who` decides for the paths that match `pattern`, or that end
  /// in `/` and a part that matches it.
  void add(std::string pattern, site& who);

  /// To be called after something was armed or disarmed.
  void look_who_is_armed();

private:
  site& all_;
  std::atomic<bool> some_are_armed_ = false;
  std::mutex mutex_;
  std::vector<std::pair<std::string, site*>> some_; // guarded by mutex_
};

} // namespace coppice::fault
