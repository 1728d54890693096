// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// CAF 1.1 alone: included by actors_1.hpp.

#include <caf/abstract_actor.hpp>
#include <caf/action.hpp>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/detail/default_mailbox.hpp>
#include <caf/detail/mailbox_factory.hpp>
#include <caf/error.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/scheduled_actor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace coppice::actor {

/// CAF's mailbox with what 0.17.6 does and 1.1 does not. It looks for urgent
/// messages before each one that it hands out, and not only when all that it
/// had fetched are handled. And it knows when its actor's `on_exit` is done:
/// CAF notifies those that watch an actor before it calls its `on_exit`.
class prompt_mailbox final : public caf::detail::default_mailbox {
public:
  using end_handler = std::function<void(const caf::error&)>;

  explicit prompt_mailbox(caf::scheduled_actor& owner) : owner_(owner) {
    // nop
  }

  ~prompt_mailbox() override {
    finish(); // the end of an unreachable actor is not reported elsewhere
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
        : mailbox(where), content(std::move(what)) {
      mailbox.ref_mailbox();
    }

    last_message(const last_message&) = delete;
    last_message& operator=(const last_message&) = delete;

    ~last_message() {
      mailbox.finish();
      mailbox.deref_mailbox();
    }

    prompt_mailbox& mailbox;
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

} // namespace coppice::actor
