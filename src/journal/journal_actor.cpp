// SPDX-License-Identifier: BSD-3-Clause

#include "actor/caf/actors.hpp"
#include "actor/more_types.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "journal/journal.hpp"
#include "journal/messages.hpp"

#include <caf/event_based_actor.hpp>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace coppice::journal {

using supervision::exit_reason;

namespace {

[[maybe_unused]] const bool messages_known = actor::also_register(
  [] { actor::register_block<caf::id_block::coppice_journal>(); });

// How long the end of the journal waits for a disk that does not answer.
constexpr std::chrono::seconds longest_end{2};

// A thread that has a scribe write whenever there is something, and outlives
// the actor that started it if a disk does not answer.
class writing {
public:
  explicit writing(scribe_ptr what)
      : state_(std::make_shared<state>(std::move(what))) {
    // nop
  }

  ~writing() {
    if (!thread_.joinable())
      return;
    state_->what->on_pending({});
    std::unique_lock guard{state_->mutex};
    state_->stop = true;
    state_->changed.notify_all();
    auto over = state_->changed.wait_for(guard, longest_end,
                                         [this] { return state_->over; });
    if (!over)
      state_->leave();
    guard.unlock();
    if (over)
      thread_.join();
    else
      thread_.detach();
  }

  writing(const writing&) = delete;
  writing& operator=(const writing&) = delete;

  /// Throws `std::system_error` if no thread can be created.
  void start() {
    thread_ = std::thread{[s = state_] { s->run(); }};
    state_->what->on_pending([s = std::weak_ptr{state_}] {
      if (auto strong = s.lock())
        strong->wake();
    });
  }

  /// Sets what is called, on that thread, if writing ends with an exception; at
  /// once if it has.
  void on_failure(std::function<void(std::exception_ptr)> fn) {
    std::unique_lock guard{state_->mutex};
    state_->failed = std::move(fn);
    if (state_->problem)
      state_->failed(state_->problem);
  }

private:
  struct state {
    explicit state(scribe_ptr of) : what(std::move(of)) {
      // nop
    }

    void wake() {
      std::lock_guard guard{mutex};
      pending = true;
      changed.notify_all();
    }

    void run() {
      attend(true);
      std::exception_ptr thrown;
      try {
        while (wait())
          what->write();
        what->write();
      } catch (...) {
        thrown = std::current_exception();
      }
      attend(false);
      std::lock_guard guard{mutex};
      over = true;
      problem = thrown;
      if (problem && failed)
        failed(problem);
      changed.notify_all();
    }

    // Once it is left behind, another thread may attend to what it writes.
    void attend(bool on) {
      std::lock_guard guard{mutex};
      if (!left)
        what->attended(on);
    }

    // The caller holds the mutex.
    void leave() {
      left = true;
      what->attended(false);
    }

    // Whether to go on.
    bool wait() {
      std::unique_lock guard{mutex};
      changed.wait_for(guard, recorder::tended_every,
                       [this] { return pending || stop; });
      pending = false;
      return !stop;
    }

    scribe_ptr what;
    std::mutex mutex;
    std::condition_variable changed;
    bool pending = true; // at once, so that the file is open
    bool stop = false;
    bool over = false;
    bool left = false; // behind
    std::exception_ptr problem;
    std::function<void(std::exception_ptr)> failed;
  };

  std::shared_ptr<state> state_;
  std::thread thread_;
};

class journal_actor final : public caf::event_based_actor {
public:
  journal_actor(caf::actor_config& cfg, std::unique_ptr<writing> thread)
      : caf::event_based_actor(cfg), thread_(std::move(thread)) {
    // nop
  }

  const char* name() const override {
    return "coppice.journal";
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    thread_->on_failure(
      [self = caf::weak_actor_ptr{ctrl()}](const std::exception_ptr& problem) {
        if (auto strong = self.lock())
          actor::deliver(caf::actor_cast<caf::actor>(strong),
                         failed_message{actor::to_reason(problem)});
      });
    return {[this](failed_message& msg) {
      quit(actor::to_error(std::move(msg.reason)));
    }};
  }

  void on_exit() override {
    thread_.reset();
  }

private:
  std::unique_ptr<writing> thread_;
};

// In virtual time, where there are no threads.
class turn_taking_actor final : public caf::event_based_actor {
public:
  turn_taking_actor(caf::actor_config& cfg, scribe_ptr what)
      : caf::event_based_actor(cfg), what_(std::move(what)) {
    // nop
  }

  const char* name() const override {
    return "coppice.journal";
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    what_->on_pending([self = caf::weak_actor_ptr{ctrl()}] {
      if (auto strong = self.lock())
        actor::deliver(caf::actor_cast<caf::actor>(strong), wake_message{});
    });
    return {[this](wake_message) { what_->write(); }};
  }

  void on_exit() override {
    what_->on_pending({});
    what_->write();
  }

private:
  scribe_ptr what_;
};

// Ends as soon as it runs.
class threadless_actor final : public caf::event_based_actor {
public:
  threadless_actor(caf::actor_config& cfg, exit_reason reason)
      : caf::event_based_actor(cfg), reason_(std::move(reason)) {
    // nop
  }

  const char* name() const override {
    return "coppice.journal";
  }

  caf::behavior make_behavior() override {
    quit(actor::to_error(reason_));
    return {[](caf::message&) {
      // nop: it has ended
    }};
  }

private:
  exit_reason reason_;
};

} // namespace

actor::child_spec journal_child(scribe_ptr what) {
  auto before = std::make_shared<bool>(false);
  auto start = [what = std::move(what),
                before](const actor::start_args& args) -> actor::start_result {
    auto first = !std::exchange(*before, true);
    what->served_by(args.path);
    auto& system = args.rt->system;
    if (args.rt->time != nullptr)
      return actor::running{system.spawn<turn_taking_actor>(what)};
    auto thread = std::make_unique<writing>(what);
    try {
      thread->start();
    } catch (const std::system_error& problem) {
      auto why = exit_reason::abnormal(
        std::string{"cannot start the thread that writes: "} + problem.what());
      what->attended(false);
      // The server does without at first, rather than not to start.
      if (first)
        return actor::running{system.spawn<threadless_actor>(why)};
      return supervision::start_failed{why};
    }
    return actor::running{system.spawn<journal_actor>(std::move(thread))};
  };
  return {{.id = "journal"}, std::move(start)};
}

} // namespace coppice::journal
