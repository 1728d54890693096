#pragma once

/// The one header that knows CAF's versions: 0.17.6, which Debian and Ubuntu
/// ship, and 1.1. Everything else in coppice compiles against both unchanged.

#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/message_gate.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/behavior.hpp>
#include <caf/config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_handler.hpp>
#include <caf/result.hpp>
#include <caf/resumable.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>
#include <caf/type_id.hpp>

#if CAF_MAJOR_VERSION == 0
#include <caf/atom.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/execution_unit.hpp>
#include <caf/message_view.hpp>
#else
#include <caf/init_global_meta_objects.hpp>
#include <caf/scheduler.hpp>
#endif

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace coppice::actor {

#if CAF_MAJOR_VERSION == 0

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

template <class T>
caf::mailbox_element_ptr make_element(caf::message_id id, T&& content) {
  return caf::make_mailbox_element(nullptr, id, {}, std::forward<T>(content));
}

/// Sends `content` from `self` to itself after `delay`.
template <class T>
void send_after(caf::event_based_actor& self, std::chrono::milliseconds delay,
                T content) {
  self.delayed_send(&self, delay, std::move(content));
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

/// Has to be called once for each block of message types, before there is a
/// configuration object.
template <class TypeIdBlock>
void register_types() {
  // nop: 0.17 needs no registration for messages that stay in the process
}

inline void register_core_types() {
  // nop
}

/// Lets CAF's scheduler have `threads` threads that sleep while idle.
inline void configure_scheduler(caf::actor_system_config& cfg,
                                std::size_t threads) {
  cfg.set("scheduler.policy", caf::atom("sharing"));
  cfg.set("scheduler.max-threads", threads);
}

#else // CAF 1.x

using host_context = caf::scheduler;
using enqueue_result = bool;

class run_queue : public caf::scheduler {
public:
  explicit run_queue(caf::actor_system&) {
    // nop
  }

  virtual void post(caf::resumable* what) = 0;

  void schedule(caf::resumable* what) final {
    post(what);
  }

  void delay(caf::resumable* what) final {
    post(what);
  }

  void start() final {
    // nop
  }

  void stop() final {
    // nop
  }
};

inline void release(caf::resumable* what) {
  what->deref_resumable();
}

template <class T>
caf::mailbox_element_ptr make_element(caf::message_id id, T&& content) {
  return caf::make_mailbox_element(nullptr, id, std::forward<T>(content));
}

template <class T>
void send_after(caf::event_based_actor& self, std::chrono::milliseconds delay,
                T content) {
  self.mail(std::move(content)).delay(delay).send(&self);
}

template <class F>
caf::behavior trapping(caf::event_based_actor&, F fn,
                       caf::message_handler handlers) {
  // First, since a catch-all among the handlers would take them.
  return caf::message_handler{[fn](caf::exit_msg& msg) mutable { fn(msg); },
                              [](caf::error&) {}}
    .or_else(std::move(handlers));
}

template <class F>
caf::message_handler others(caf::event_based_actor&, F fn) {
  return {[fn = std::move(fn)](caf::message& msg) mutable { fn(msg); }};
}

template <class TypeIdBlock>
void register_types() {
  caf::init_global_meta_objects<TypeIdBlock>();
}

inline void register_core_types() {
  caf::core::init_global_meta_objects();
}

inline void configure_scheduler(caf::actor_system_config& cfg,
                                std::size_t threads) {
  cfg.set("caf.scheduler.policy", "sharing");
  cfg.set("caf.scheduler.max-threads", threads);
}

#endif // CAF_MAJOR_VERSION

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

/// Whether `who` has ended; a null handle has. Any thread.
inline bool has_ended(const caf::actor& who) {
  return !who
         || caf::actor_cast<caf::abstract_actor*>(who)->getf(
           caf::abstract_actor::is_terminated_flag);
}

/// An actor that only ever runs on one `run_queue`, wherever messages to it
/// come from.
class pinned_actor : public caf::event_based_actor {
public:
  /// Without a `home`, CAF's scheduler runs it like any other actor.
  pinned_actor(caf::actor_config& cfg, run_queue* home)
      : caf::event_based_actor(cfg), home_(home) {
    // nop
  }

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
  /// that wait, also for `resume_suspended`, and the one that it handles.
  /// Nothing if CAF does not let it be known: 1.1. Any thread.
  std::optional<std::size_t> waiting() const noexcept {
#if CAF_MAJOR_VERSION == 0
    // First, so that it is not more than what has arrived.
    auto handled = handled_.load(std::memory_order_acquire);
    return arrived_.load(std::memory_order_relaxed) - handled;
#else
    return {};
#endif
  }

  /// Whoever waits for an answer to what was held hears that there is none.
  void on_cleanup(const caf::error& reason) override {
    gate_.open_for_good([this](caf::mailbox_element_ptr what) {
      caf::event_based_actor::enqueue(std::move(what), at_home(nullptr));
    });
    caf::event_based_actor::on_cleanup(reason);
  }

  void launch(host_context* context, bool lazy, bool hide) override {
    caf::event_based_actor::launch(at_home(context), lazy, hide);
  }

#if CAF_MAJOR_VERSION == 0
  using caf::event_based_actor::consume;

  // CAF's own count of a mailbox is for the actor's thread alone, since
  // counting moves messages.
  caf::invoke_message_result consume(caf::mailbox_element& what) override {
    auto result = caf::event_based_actor::consume(what);
    if (result != caf::invoke_message_result::skipped)
      handled_.store(handled_.load(std::memory_order_relaxed) + 1,
                     std::memory_order_release);
    return result;
  }

  void enqueue(caf::strong_actor_ptr sender, caf::message_id id,
               caf::message content, host_context* context) override {
    enqueue(
      caf::make_mailbox_element(std::move(sender), id, {}, std::move(content)),
      context);
  }

  // As CAF's, but for one thing: CAF has its clock drop the timeouts of every
  // actor that ends, and wakes the clock's thread for it. On a home queue an
  // actor has none; if it does have some, they find it dead when they are due.
  bool cleanup(caf::error&& reason, host_context* host) override {
    if (home_ == nullptr)
      return caf::event_based_actor::cleanup(std::move(reason), host);
    awaited_responses_.clear();
    multiplexed_responses_.clear();
    close_mailbox(reason);
    unregister_from_system();
    return monitorable_actor::cleanup(std::move(reason), host);
  }
#endif

protected:
  /// Runs `fn` as if a message had brought it: an exception ends this actor
  /// alone, with its text as reason, and a `quit` takes effect on return. Only
  /// on the home queue's thread, and only if there is one. Returns whether the
  /// actor still lives.
  template <class F>
  bool perform(F&& fn) {
    context(home_);
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
#if CAF_MAJOR_VERSION == 0
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
#endif

  host_context* at_home(host_context* otherwise) const noexcept {
    return home_ != nullptr ? home_ : otherwise;
  }

  run_queue* home_;
  message_gate gate_;
  // Both wrap around; their difference does not.
  std::atomic<std::uint32_t> arrived_ = 0;
#if CAF_MAJOR_VERSION == 0
  std::atomic<std::uint32_t> handled_ = 0;
#endif
};

} // namespace coppice::actor
