// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// The place where coppice asks for CAF's version. Everything else compiles
/// against 0.17.6, which Debian and Ubuntu ship, and 1.1 unchanged.

#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/message_gate.hpp"

#include <caf/config.hpp>

#if CAF_MAJOR_VERSION == 0
#include "coppice/actor/caf_0_17.hpp"
#else
#include "coppice/actor/caf_1.hpp"
#endif

#include <caf/abstract_actor.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/system_messages.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace coppice::actor {

enum class priority { normal, urgent };

/// Sends `content` to `receiver`, from nobody. Any thread. Urgent messages
/// overtake normal ones that wait in the mailbox.
template <class T>
void deliver(const caf::actor& receiver, T&& content,
             priority prio = priority::normal) {
  auto id = prio == priority::urgent
              ? caf::make_message_id(caf::message_priority::high)
              : caf::make_message_id(caf::message_priority::normal);
  caf::actor_cast<caf::abstract_actor*>(receiver)->enqueue(
    make_element(id, std::forward<T>(content)), nullptr);
}

/// Whether `what` brings an exit signal.
inline bool is_exit(caf::mailbox_element& what) {
  auto& content = what.content();
  return content.size() == 1 && content.match_element<caf::exit_msg>(0);
}

/// An actor that only ever runs on one `run_queue`, wherever messages to it
/// come from.
class pinned_actor : public pinned_actor_base {
public:
  /// Without a `home`, CAF's scheduler runs it like any other actor.
  pinned_actor(caf::actor_config& cfg, run_queue* home)
      : pinned_actor_base(cfg, home) {
    // nop
  }

  using pinned_actor_base::enqueue;

  enqueue_result enqueue(caf::mailbox_element_ptr what,
                         host_context* context) override {
    arrived_.fetch_add(1, std::memory_order_relaxed);
    if (gate_.closed() && !is_exit(*what) && gate_.hold(what)) [[unlikely]]
      return enqueue_result(true);
    return caf::event_based_actor::enqueue(std::move(what), at_home(context));
  }

  /// Lets whatever is sent to this actor wait until `resume_suspended`, all but
  /// exit signals: it can be ended. What is in its mailbox already still comes.
  /// Any thread.
  void suspend() {
    gate_.close();
  }

  /// Lets in what has waited, in its order. Any thread.
  void resume_suspended() {
    gate_.open([this](caf::mailbox_element_ptr what) {
      caf::event_based_actor::enqueue(std::move(what), at_home(nullptr));
    });
    on_resumed();
  }

  bool suspended() const noexcept {
    return gate_.closed();
  }

  /// How many messages were sent to this actor that it is not done with: those
  /// that wait, also for `resume_suspended`, and the one that it handles. Any
  /// thread.
  std::size_t waiting() const noexcept {
    // First, so that it is not more than what has arrived.
    auto done = handled();
    return arrived_.load(std::memory_order_relaxed) - done;
  }

  /// Whoever waits for an answer to what was held hears that there is none.
  void on_cleanup(const caf::error& reason) override {
    gate_.open_for_good([this](caf::mailbox_element_ptr what) {
      caf::event_based_actor::enqueue(std::move(what), at_home(nullptr));
    });
    pinned_actor_base::on_cleanup(reason);
  }

protected:
  /// Runs `fn` as if a message had brought it: an exception ends this actor
  /// alone, with its text as reason, and a `quit` takes effect on return. Only
  /// on the home queue's thread, and only if there is one. Returns whether the
  /// actor still lives.
  template <class F>
  bool perform(F&& fn) {
    context(home());
    try {
      fn();
    } catch (...) {
      quit(to_error(to_reason(std::current_exception())));
    }
    return !finalize();
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
