// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/supervision/child_spec.hpp"
#include "coppice/supervision/outcome.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace coppice::actor {

/// A value that will be there once. Copies stand for the same one. Any thread.
template <class T>
class eventual {
public:
  /// For the producer of the value. Only the first call counts.
  void set(T value) {
    std::function<void(T)> fn;
    {
      std::lock_guard guard{state_->mutex};
      if (state_->value)
        return;
      state_->value = std::move(value);
      fn = std::move(state_->fn);
    }
    state_->changed.notify_all();
    if (fn)
      fn(*state_->value);
  }

  /// Waits for the value. Not for actors: it would keep a thread of the
  /// scheduler from its work, and might wait for the actor itself. Not in
  /// virtual time either, where only running it can make the value.
  T get() const {
    std::unique_lock guard{state_->mutex};
    state_->changed.wait(guard, [this] { return state_->value.has_value(); });
    return *state_->value;
  }

  /// The same, for at most `limit`; nothing if it took longer.
  std::optional<T> get_within(std::chrono::milliseconds limit) const {
    std::unique_lock guard{state_->mutex};
    state_->changed.wait_for(guard, limit,
                             [this] { return state_->value.has_value(); });
    return state_->value;
  }

  /// Has `fn` called once with the value: at once if it is there, else on the
  /// thread that makes it, where `fn` must neither block nor throw. To be
  /// called at most once.
  void then(std::function<void(T)> fn) {
    {
      std::lock_guard guard{state_->mutex};
      if (!state_->value) {
        state_->fn = std::move(fn);
        return;
      }
    }
    fn(*state_->value);
  }

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<T> value;
    std::function<void(T)> fn;
  };

  std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// A child that was started; `child` is null if its start function ignored.
struct child_ref {
  caf::actor child;
  std::string info = {}; ///< What the start function gave with it.
};

/// Why a request was not carried out.
struct refused {
  supervision::refusal why;
  caf::actor child = {};                               ///< For already_started.
  std::optional<supervision::exit_reason> reason = {}; ///< For start_failed.
  std::optional<supervision::spec_error> spec = {};    ///< For invalid_spec.
};

/// `already_started`, `start_failed: boom`, `invalid_spec: a child needs an id`
std::string to_string(const refused& what);

/// What a request comes to.
template <class T>
using answer = expected<T, refused>;

/// An answer that is on its way. `then` calls on the supervisor's thread.
template <class T>
using pending = eventual<answer<T>>;

} // namespace coppice::actor
