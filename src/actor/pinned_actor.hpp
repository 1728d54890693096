// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/caf/actors.hpp"
#include "actor/message_gate.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <caf/mailbox_element.hpp>
#include <caf/system_messages.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

namespace coppice::actor {

/// Whether `what` brings an exit signal.
inline bool is_exit(caf::mailbox_element& what) {
  auto& content = what.content();
  return content.size() == 1 && content.match_element<caf::exit_msg>(0);
}

/// An actor that only ever runs on one `run_queue`, wherever messages to it
/// come from.
class pinned_actor : public pinned_actor_base {
public:
  /// Without a `queue`, CAF's scheduler runs it like any other actor.
  pinned_actor(caf::actor_config& cfg, run_queue* queue)
      : pinned_actor_base(cfg, queue) {
    // nop
  }

  using pinned_actor_base::enqueue;

  enqueue_result enqueue(caf::mailbox_element_ptr what,
                         host_context* context) override {
    arrived_.fetch_add(1, std::memory_order_relaxed);
    if (gate_.closed() && !is_exit(*what) && gate_.hold(what)) [[unlikely]]
      return enqueue_result(true);
    return caf::event_based_actor::enqueue(std::move(what),
                                           own_queue_or(context));
  }

  /// Lets whatever is sent to this actor wait until `resume_suspended`, all but
  /// exit signals: it can be ended. What is in its mailbox already still comes.
  /// Any thread.
  void suspend() {
    gate_.close();
  }

  /// Delivers the messages that have waited, in their order. Any thread.
  void resume_suspended() {
    gate_.open([this](caf::mailbox_element_ptr what) {
      caf::event_based_actor::enqueue(std::move(what), own_queue_or(nullptr));
    });
    on_resumed();
  }

  bool suspended() const noexcept {
    return gate_.closed();
  }

  /// Called by a supervisor that was asked to end while it waits for the start
  /// of this actor. An actor whose start may take long makes it fail then, and
  /// a supervisor passes it on to the child that it waits for. Any thread.
  virtual void call_off_start() {
    // nop
  }

  /// Called by a supervisor before it kills this actor because it makes no
  /// progress. Any thread.
  virtual void announce_stall() {
    // nop
  }

  /// How many messages were sent to this actor that it is not done with: those
  /// that wait, also for `resume_suspended`, and the one that it handles. Any
  /// thread.
  std::size_t waiting() const noexcept {
    // First, so that it is not more than what has arrived.
    auto done = handled();
    return arrived_.load(std::memory_order_relaxed) - done;
  }

  /// Senders that wait for an answer to a held message get an error.
  void on_cleanup(const caf::error& reason) override {
    gate_.open_for_good([this](caf::mailbox_element_ptr what) {
      caf::event_based_actor::enqueue(std::move(what), own_queue_or(nullptr));
    });
    pinned_actor_base::on_cleanup(reason);
  }

protected:
  /// Runs `fn` as if a message had brought it: an exception ends this actor
  /// alone, with its text as reason, and a `quit` takes effect on return. Only
  /// on its own queue's thread, and only if there is one. Returns whether the
  /// actor still lives.
  template <class F>
  bool perform(F&& fn) {
    context(own_queue());
    try {
      fn();
    } catch (...) {
      end_for(std::current_exception());
    }
    // What `finalize` would find, without the call.
    if (has_behavior() && !quitting()) [[likely]]
      return true;
    return !finalize();
  }

  /// Ends this actor alone. There may be no memory even for the reason.
  void end_for(const std::exception_ptr& problem) {
    try {
      quit(to_error(to_reason(problem)));
    } catch (const std::bad_alloc&) {
      quit(caf::exit_reason::out_of_workers);
    }
  }

  /// Whether `quit` was called, which takes effect when the turn is over.
  bool quitting() const noexcept {
    return getf(is_shutting_down_flag);
  }

  /// Called, on any thread, when this actor is not suspended any more.
  virtual void on_resumed() {
    // nop
  }

private:
  // It and `handled` wrap around; their difference does not.
  std::atomic<std::uint32_t> arrived_ = 0;
  message_gate gate_;
};

} // namespace coppice::actor
