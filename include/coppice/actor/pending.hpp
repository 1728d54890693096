#pragma once

#include "coppice/supervision/command.hpp"

#include <caf/actor.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace coppice::actor {

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
using answer = std::variant<T, refused>;

/// An answer that is on its way. Copies stand for the same one.
template <class T>
class pending {
public:
  /// Called by whoever answers, once.
  void set(answer<T> value) {
    std::function<void(answer<T>)> fn;
    {
      std::lock_guard guard{state_->mutex};
      state_->value = std::move(value);
      fn = std::move(state_->fn);
    }
    state_->changed.notify_all();
    if (fn)
      fn(*state_->value);
  }

  /// Waits for the answer. Not from an actor, which would keep a thread of the
  /// scheduler from its work, and from the supervisor asked would never return.
  answer<T> get() const {
    std::unique_lock guard{state_->mutex};
    state_->changed.wait(guard, [this] { return state_->value.has_value(); });
    return *state_->value;
  }

  /// Whether `get` would not wait.
  bool ready() const {
    std::lock_guard guard{state_->mutex};
    return state_->value.has_value();
  }

  /// Has `fn` called once with the answer: at once if it is there, else on the
  /// supervisor's thread, where it must not block. To be called at most once.
  void then(std::function<void(answer<T>)> fn) {
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
    std::optional<answer<T>> value;
    std::function<void(answer<T>)> fn;
  };

  std::shared_ptr<state> state_ = std::make_shared<state>();
};

} // namespace coppice::actor
