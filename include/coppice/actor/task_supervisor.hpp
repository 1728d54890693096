// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/request.hpp"
#include "coppice/expected.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace coppice::actor {

/// What came of a task: its value, or the reason why it ended without one. A
/// task that could not be started ends with the text of the refusal; one that
/// was asked to end before its function returned has no value.
template <class T>
using task_result = expected<T, supervision::exit_reason>;

/// A task that was started, and the actor that does it.
template <class T>
struct task {
  eventual<task_result<T>> result;
  pending<child_ref> child;
};

/// A supervisor of one-shot work: each task is an actor that calls a function
/// and ends. Copies stand for the same one. Any thread.
///
/// A function cannot be interrupted. It is given a stop token, which tells it
/// that its actor was asked to end or killed; it should return then.
///
/// Source: Elixir Task.Supervisor.
class task_supervisor {
public:
  struct options {
    /// In the tree; not empty.
    std::string id;
    supervision::dynamic_flags flags = {};
    /// Of every task.
    supervision::shutdown shutdown
      = supervision::shutdown::within(std::chrono::seconds{5});
    /// Tasks have a thread of their own each, and may block.
    bool blocking = false;
  };

  using work = std::function<void(std::stop_token)>;

  explicit task_supervisor(options what);

  /// For the children of one supervisor.
  child_spec spec() const;

  /// Has `fn` called; its value is dropped. Refused: noproc, max_children.
  pending<child_ref> start_child(work fn, supervision::restart restart
                                          = supervision::restart::temporary);

  /// Has `fn(std::stop_token)` called and gives its value, or why there is
  /// none. The caller does not notice otherwise. `fn` has to be copyable.
  template <class F>
  auto async_nolink(F fn) {
    return async(caf::actor{}, std::move(fn));
  }

  /// The same, linked to `caller`: if either ends for a reason other than
  /// normal, the other gets an exit signal with that reason.
  template <class F>
  auto async(caf::actor caller, F fn) {
    using result = std::invoke_result_t<F&, std::stop_token>;
    using value
      = std::conditional_t<std::is_void_v<result>, supervision::done, result>;
    task<value> handle;
    auto body = [fn = std::move(fn),
                 out = handle.result](std::stop_token stop) mutable {
      if constexpr (std::is_void_v<result>) {
        fn(stop);
        if (!stop.stop_requested())
          out.set(value{});
      } else {
        value got = fn(stop);
        if (!stop.stop_requested())
          out.set(std::move(got));
      }
    };
    handle.child = start_linked(
      std::move(caller), std::move(body),
      [out = handle.result](supervision::exit_reason why) mutable {
        out.set(unexpected{std::move(why)});
      });
    return handle;
  }

  /// The tasks at work. Those that are restarting are left out.
  pending<std::vector<child_info>> children() const;

  /// Stops a task. Refused: not_found.
  pending<supervision::done> terminate_child(const caf::actor& child);

private:
  struct state;

  static void link(const std::shared_ptr<state>& state,
                   const caf::actor& caller, const caf::actor& task);

  pending<child_ref>
  start_linked(caf::actor caller, work fn,
               std::function<void(supervision::exit_reason)> on_end);

  std::shared_ptr<state> state_;
};

} // namespace coppice::actor
