// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// What coppice needs of CAF 0.17.6, which Debian and Ubuntu ship. Included by
/// actors.hpp alone; actors_1.hpp declares the same for 1.1.

#include <caf/abstract_actor.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/behavior.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_handler.hpp>
#include <caf/message_view.hpp>
#include <caf/result.hpp>
#include <caf/resumable.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace coppice::actor {

using host_context = caf::execution_unit;
using enqueue_result = void;

/// Something that runs actors. `post` may be called from any thread and takes
/// over one reference count of its argument.
class run_queue : public caf::execution_unit {
public:
  explicit run_queue(caf::actor_system& sys) : caf::execution_unit(&sys) {
    // nop
  }

  virtual void post(caf::resumable* what) = 0;

  void exec_later(caf::resumable* what) final {
    post(what);
  }
};

inline void release(caf::resumable* what) {
  what->intrusive_ptr_release_impl();
}

/// Returns `handlers`, extended so that exit signals other than a kill go to
/// `fn(caf::exit_msg&)` and error messages, which would end other actors, are
/// dropped. To be called from `make_behavior` of `self`.
template <class F>
caf::behavior trapping(caf::event_based_actor& self, F fn,
                       caf::message_handler handlers) {
  self.set_exit_handler(std::move(fn));
  self.set_error_handler([](caf::error&) {});
  return handlers;
}

/// The last of the handlers of `self`: gives `fn(caf::message&)` what no other
/// handler takes. To be called from `make_behavior` of `self`.
template <class F>
caf::message_handler others(caf::event_based_actor& self, F fn) {
  self.set_default_handler(
    [fn = std::move(fn)](caf::scheduled_actor*, caf::message_view& view) mutable
    -> caf::result<caf::message> {
      auto msg = view.move_content_to_message();
      fn(msg);
      return caf::sec::unexpected_message;
    });
  // An actor without any handler would end; this one is never called.
  return {[](const caf::down_msg&) {}};
}

/// Makes a block of message types known to CAF. To be called before there is a
/// configuration object; the types of `register_types` come first.
template <class TypeIdBlock>
void register_block() {
  // nop: 0.17 needs no registration for messages that stay in the process
}

/// What differs in a `pinned_actor`.
class pinned_actor_base : public caf::event_based_actor {
public:
  pinned_actor_base(caf::actor_config& cfg, run_queue* queue)
      : caf::event_based_actor(cfg), own_queue_(queue) {
    // nop
  }

  using caf::event_based_actor::consume;
  using caf::event_based_actor::enqueue;

  void launch(host_context* context, bool lazy, bool hide) override {
    caf::event_based_actor::launch(own_queue_or(context), lazy, hide);
  }

  void enqueue(caf::strong_actor_ptr sender, caf::message_id id,
               caf::message content, host_context* context) override {
    enqueue(
      caf::make_mailbox_element(std::move(sender), id, {}, std::move(content)),
      context);
  }

  // CAF's own count of a mailbox is for the actor's thread alone, since
  // counting moves messages.
  caf::invoke_message_result consume(caf::mailbox_element& what) override {
    auto result = caf::event_based_actor::consume(what);
    if (result != caf::invoke_message_result::skipped)
      handled_.store(handled_.load(std::memory_order_relaxed) + 1,
                     std::memory_order_release);
    return result;
  }

  // As CAF's, but for one thing: CAF has its clock drop the timeouts of every
  // actor that ends, and wakes the clock's thread for it. With a queue of its
  // own an actor has none; if it does have some, they find it dead when they
  // are due.
  bool cleanup(caf::error&& reason, host_context* host) override {
    auto ends = own_queue_ == nullptr
                  ? caf::event_based_actor::cleanup(std::move(reason), host)
                  : quiet_cleanup(std::move(reason), host);
    if (ends)
      let_go(); // CAF holds this actor's lock during on_cleanup
    return ends;
  }

protected:
  /// Called once, last of all, when this actor has ended: lets go of the actors
  /// that it refers to. Nobody else may refer to them, so that they end within
  /// this call, with all that they do then: no lock is held.
  virtual void let_go() {
    // nop
  }

  run_queue* own_queue() const noexcept {
    return own_queue_;
  }

  host_context* own_queue_or(host_context* otherwise) const noexcept {
    return own_queue_ != nullptr ? own_queue_ : otherwise;
  }

  /// How many messages it is done with. Any thread.
  std::uint32_t handled() const noexcept {
    return handled_.load(std::memory_order_acquire);
  }

private:
  bool quiet_cleanup(caf::error&& reason, host_context* host) {
    awaited_responses_.clear();
    multiplexed_responses_.clear();
    close_mailbox(reason);
    unregister_from_system();
    return monitorable_actor::cleanup(std::move(reason), host);
  }

  // Answers requests that wait with an error.
  void close_mailbox(const caf::error& reason) {
    if (mailbox_.closed())
      return;
    mailbox_.close();
    get_normal_queue().flush_cache();
    get_urgent_queue().flush_cache();
    caf::detail::sync_request_bouncer bounce{reason};
    while (mailbox_.queue().new_round(1000, bounce).consumed_items > 0)
      ; // nop
  }

  run_queue* own_queue_;
  std::atomic<std::uint32_t> handled_ = 0;
};

// -- for deliver.cpp, system.cpp and exit_signal.cpp --------------------------

namespace by_version {

inline caf::mailbox_element_ptr make_element(caf::strong_actor_ptr sender,
                                             caf::message_id id,
                                             caf::message content) {
  return caf::make_mailbox_element(std::move(sender), id, {},
                                   std::move(content));
}

inline void register_core_types() {
  // nop
}

inline void configure_mailboxes(caf::actor_system_config&) {
  // nop: 0.17 does what is asked for
}

inline void configure_scheduler(caf::actor_system_config& cfg,
                                std::size_t threads) {
  cfg.set("scheduler.policy", caf::atom("sharing"));
  cfg.set("scheduler.max-threads", threads);
}

/// @pre `who` is not null.
inline bool has_ended(const caf::actor& who) {
  return caf::actor_cast<caf::abstract_actor*>(who)->getf(
    caf::abstract_actor::is_terminated_flag);
}

inline void when_ended(const caf::actor& who,
                       std::function<void(const caf::error&)> fn) {
  caf::actor_cast<caf::abstract_actor*>(who)->attach_functor(std::move(fn));
}

} // namespace by_version

} // namespace coppice::actor
