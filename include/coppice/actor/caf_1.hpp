// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// What coppice needs of CAF 1.1. Included by compat.hpp alone; what is not
/// documented here is in caf_0_17.hpp, which declares the same for 0.17.6.

#include <caf/abstract_actor.hpp>
#include <caf/action.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/behavior.hpp>
#include <caf/detail/actor_system_config_access.hpp>
#include <caf/detail/default_mailbox.hpp>
#include <caf/detail/mailbox_factory.hpp>
#include <caf/error.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_handler.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler.hpp>
#include <caf/system_messages.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace coppice::actor {

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

// -- mailboxes ----------------------------------------------------------------

/// CAF's mailbox with what 0.17.6 does and 1.1 does not. It looks for urgent
/// messages before each one that it hands out, and not only when all that it
/// had fetched are handled. And it knows when its actor's `on_exit` is done:
/// CAF tells who watches an actor before it calls `on_exit`.
class prompt_mailbox final : public caf::detail::default_mailbox {
public:
  using end_handler = std::function<void(const caf::error&)>;

  explicit prompt_mailbox(caf::scheduled_actor& owner) : owner_(owner) {
    // nop
  }

  ~prompt_mailbox() override {
    finish(); // an actor that nobody could reach has told nobody else
  }

  // -- the owner's thread -----------------------------------------------------

  caf::mailbox_element_ptr pop_front() override {
    size(); // fetches what is new
    auto result = caf::detail::default_mailbox::pop_front();
    hands_out(result.get());
    return result;
  }

  // What the owner skipped comes back.
  void push_front(caf::mailbox_element_ptr what) override {
    count(-1);
    caf::detail::default_mailbox::push_front(std::move(what));
  }

  bool try_block() override {
    hands_out(nullptr);
    return caf::detail::default_mailbox::try_block();
  }

  // CAF is about to call on_exit, and has no call to make afterwards. But it
  // keeps the message that the actor has ended at until it is done with it.
  std::size_t close(const caf::error& reason) override {
    auto result = caf::detail::default_mailbox::close(reason);
    reason_ = reason;
    if (owner_finishes_
        || !owner_.getf(caf::abstract_actor::is_terminated_flag))
      return result;
    if (current_ == nullptr) // it ended before it handled any
      finish();
    else
      current_->payload = caf::make_message(caf::make_action(
        [last = std::make_shared<last_message>(*this, current_->payload)] {}));
    return result;
  }

  /// The owner is going to call `finish`, or it is called when nobody holds the
  /// owner any more.
  void let_owner_finish() noexcept {
    owner_finishes_ = true;
  }

  /// The owner's `on_exit` is done. Idempotent.
  void finish() {
    std::unique_lock guard{mutex_};
    finished_.store(true, std::memory_order_release);
    auto handlers = std::move(end_handlers_);
    guard.unlock();
    // In the order of CAF's own.
    for (auto i = handlers.rbegin(); i != handlers.rend(); ++i)
      (*i)(reason_);
  }

  // -- any thread -------------------------------------------------------------

  bool finished() const noexcept {
    return finished_.load(std::memory_order_acquire);
  }

  /// Has `finish` call `fn`, or calls it at once.
  void when_finished(end_handler fn) {
    std::unique_lock guard{mutex_};
    if (!finished()) {
      end_handlers_.push_back(std::move(fn));
      return;
    }
    guard.unlock();
    fn(reason_);
  }

  /// How many messages the owner is done with.
  std::uint32_t handled() const noexcept {
    return handled_.load(std::memory_order_acquire);
  }

private:
  // Takes the place of the message that the owner ends at.
  struct last_message {
    last_message(prompt_mailbox& where, caf::message what)
        : home(where), content(std::move(what)) {
      home.ref_mailbox();
    }

    last_message(const last_message&) = delete;
    last_message& operator=(const last_message&) = delete;

    ~last_message() {
      home.finish();
      home.deref_mailbox();
    }

    prompt_mailbox& home;
    caf::message content;
  };

  void hands_out(caf::mailbox_element* what) {
    if (current_ != nullptr)
      count(1);
    current_ = what;
  }

  void count(int n) {
    handled_.store(handled_.load(std::memory_order_relaxed)
                     + static_cast<std::uint32_t>(n),
                   std::memory_order_release);
  }

  caf::scheduled_actor& owner_;
  caf::mailbox_element* current_ = nullptr; // what the owner handles now
  bool owner_finishes_ = false;
  std::atomic<std::uint32_t> handled_ = 0;
  caf::error reason_;
  std::atomic<bool> finished_ = false;
  std::mutex mutex_;
  std::vector<end_handler> end_handlers_; // guarded by mutex_
};

class prompt_mailboxes final : public caf::detail::mailbox_factory {
public:
  caf::abstract_mailbox* make(caf::scheduled_actor* owner) override {
    return new prompt_mailbox(*owner);
  }

  caf::abstract_mailbox* make(caf::blocking_actor*) override {
    return new caf::detail::default_mailbox;
  }
};

/// Null if `who` has another one.
inline prompt_mailbox* mailbox_of(const caf::actor& who) {
  auto* self = dynamic_cast<caf::scheduled_actor*>(
    caf::actor_cast<caf::abstract_actor*>(who));
  return self == nullptr ? nullptr
                         : dynamic_cast<prompt_mailbox*>(&self->mailbox());
}

inline void configure_mailboxes(caf::actor_system_config& cfg) {
  caf::detail::actor_system_config_access{cfg}.mailbox_factory(
    std::make_unique<prompt_mailboxes>());
}

inline void configure_scheduler(caf::actor_system_config& cfg,
                                std::size_t threads) {
  cfg.set("caf.scheduler.policy", "sharing");
  cfg.set("caf.scheduler.max-threads", threads);
  configure_mailboxes(cfg);
}

// -- the end of an actor ------------------------------------------------------

inline bool has_ended(const caf::actor& who) {
  if (!who)
    return true;
  if (!caf::actor_cast<caf::abstract_actor*>(who)->getf(
        caf::abstract_actor::is_terminated_flag))
    return false;
  auto* mailbox = mailbox_of(who);
  return mailbox == nullptr || mailbox->finished();
}

template <class F>
void when_ended(const caf::actor& who, F fn) {
  if (auto* mailbox = mailbox_of(who))
    mailbox->when_finished(std::move(fn));
  else
    caf::actor_cast<caf::abstract_actor*>(who)->attach_functor(std::move(fn));
}

// -- pinned actors ------------------------------------------------------------

class pinned_actor_base : public caf::event_based_actor {
public:
  pinned_actor_base(caf::actor_config& cfg, run_queue* home)
      : caf::event_based_actor(with_mailbox(cfg)), home_(home) {
    own_mailbox().let_owner_finish();
  }

  // CAF would count it no longer before its on_exit: it counts itself.
  void launch(host_context* context, bool lazy, bool hide) override {
    counted_ = !hide;
    if (counted_)
      home_system().registry().inc_running();
    caf::event_based_actor::launch(at_home(context), lazy, true);
  }

  void on_cleanup(const caf::error& reason) override {
    caf::event_based_actor::on_cleanup(reason);
    own_mailbox().finish();
    if (counted_)
      home_system().registry().dec_running();
  }

protected:
  run_queue* home() const noexcept {
    return home_;
  }

  host_context* at_home(host_context* otherwise) const noexcept {
    return home_ != nullptr ? home_ : otherwise;
  }

  std::uint32_t handled() const noexcept {
    return own_mailbox().handled();
  }

private:
  // Whatever the configuration says.
  static caf::actor_config& with_mailbox(caf::actor_config& cfg) {
    static prompt_mailboxes factory;
    cfg.mbox_factory = &factory;
    return cfg;
  }

  prompt_mailbox& own_mailbox() const noexcept {
    return static_cast<prompt_mailbox&>(
      const_cast<pinned_actor_base*>(this)->mailbox());
  }

  run_queue* home_;
  bool counted_ = false;
};

} // namespace coppice::actor
