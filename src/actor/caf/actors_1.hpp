// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// What coppice needs of CAF 1.1. Included by actors.hpp alone; what is not
/// documented here is in actors_0_17.hpp, which declares the same for 0.17.6.

#include "actor/caf/prompt_mailbox.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/behavior.hpp>
#include <caf/detail/actor_system_config_access.hpp>
#include <caf/error.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/message_handler.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler.hpp>
#include <caf/system_messages.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

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
void register_block() {
  caf::init_global_meta_objects<TypeIdBlock>();
}

// -- pinned actors ------------------------------------------------------------

class pinned_actor_base : public caf::event_based_actor {
public:
  pinned_actor_base(caf::actor_config& cfg, run_queue* queue)
      : caf::event_based_actor(with_mailbox(cfg)), own_queue_(queue) {
    own_mailbox().let_owner_finish();
  }

  // CAF would count it no longer before its on_exit: it counts itself.
  void launch(host_context* context, bool lazy, bool hide) override {
    counted_ = !hide;
    if (counted_)
      home_system().registry().inc_running();
    caf::event_based_actor::launch(own_queue_or(context), lazy, true);
  }

  void on_cleanup(const caf::error& reason) override {
    caf::event_based_actor::on_cleanup(reason);
    own_mailbox().finish();
    if (counted_)
      home_system().registry().dec_running();
    let_go();
  }

protected:
  virtual void let_go() {
    // nop
  }

  run_queue* own_queue() const noexcept {
    return own_queue_;
  }

  host_context* own_queue_or(host_context* otherwise) const noexcept {
    return own_queue_ != nullptr ? own_queue_ : otherwise;
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

  run_queue* own_queue_;
  bool counted_ = false;
};

// -- for deliver.cpp, system.cpp and exit_signal.cpp --------------------------

namespace by_version {

inline caf::mailbox_element_ptr make_element(caf::strong_actor_ptr sender,
                                             caf::message_id id,
                                             caf::message content) {
  return caf::make_mailbox_element(std::move(sender), id, std::move(content));
}

inline void register_core_types() {
  caf::core::init_global_meta_objects();
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

inline bool has_ended(const caf::actor& who) {
  if (!caf::actor_cast<caf::abstract_actor*>(who)->getf(
        caf::abstract_actor::is_terminated_flag))
    return false;
  auto* mailbox = mailbox_of(who);
  return mailbox == nullptr || mailbox->finished();
}

inline void when_ended(const caf::actor& who,
                       std::function<void(const caf::error&)> fn) {
  if (auto* mailbox = mailbox_of(who))
    mailbox->when_finished(std::move(fn));
  else
    caf::actor_cast<caf::abstract_actor*>(who)->attach_functor(std::move(fn));
}

} // namespace by_version

} // namespace coppice::actor
