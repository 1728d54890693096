// SPDX-License-Identifier: BSD-3-Clause

// How what a host runs on is ended, though other people's code may keep it.

#include "server/host.hpp"

#include <caf/logger.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace coppice {

namespace {

// How long the end of the process waits for the last events to be written.
constexpr std::chrono::seconds longest_last_try{2};
constexpr std::chrono::milliseconds hurried_last_try{200};

// … and for threads that run what may not return.
constexpr std::chrono::seconds reactors_limit{1};
constexpr std::chrono::seconds system_limit{1};

// Actor systems and reactors that could not be ended. What is left there uses
// them for as long as the process lives; the end of one would wait for it.
template <class T>
void leave_behind(T what) {
  static std::mutex mutex;
  static auto& all = *new std::vector<T>;
  std::lock_guard guard{mutex};
  all.push_back(std::move(what));
}

void report_left_reactor(actor::runtime& rt, unsigned index) {
  rt.events.publish({.kind = observe::event_kind::held_up,
                     .path = "reactor:" + std::to_string(index),
                     .detail = "what it runs does not return; its thread is "
                               "left behind"});
}

// Waits until `fn` is over, for up to `limit`; returns whether it is. What it
// uses it has to keep. Throws `std::system_error` if no thread can be created.
template <class F>
bool is_over_within(std::chrono::milliseconds limit, F fn) {
  std::promise<void> over;
  auto done = over.get_future();
  std::thread{[fn = std::move(fn), over = std::move(over)]() mutable {
    fn();
    over.set_value();
  }}.detach();
  return done.wait_for(limit) == std::future_status::ready;
}

} // namespace

// Returns whether all have ended. A handler may keep the thread of one.
bool host::end_reactors() {
  if (!listeners_)
    return true;
  auto& reactors = listeners_->reactors();
  for (auto& reactor : reactors)
    reactor->stop_thread_soon();
  using clock = net::reactor::clock;
  auto until = clock::now() + reactors_limit;
  for (auto& reactor : reactors)
    if (!reactor->stop_thread_within(until - clock::now())) {
      report_left_reactor(*rt_, reactor->index());
      leave_behind(reactor);
      left_reactors_ = true;
    }
  reactors.clear();
  return !left_reactors_;
}

// The journal's actor ended with the tree, and some connections after it. A
// disk that does not answer keeps nobody here for long.
void host::end_journal(bool at_once) {
  auto finish = [scribe = scribe_] {
    try {
      scribe->finish();
    } catch (const std::exception&) {
      // Out of memory: nothing can be said about it any more.
    }
  };
  try {
    is_over_within(at_once ? hurried_last_try : longest_last_try, finish);
  } catch (const std::system_error&) {
    finish(); // no thread can be created
  }
}

// An actor outside the tree may keep a thread of its system, too, and a thread
// of the program its logger.
void host::end_system() {
  if (!own_system_)
    return;
  std::unique_lock guard{mutex_};
  auto leave = left_reactors_ || (result_ && !result_->orderly);
  guard.unlock();
  if (leave)
    return leave_behind(std::move(own_system_));
  root_.reset();
  admin_.reset();
  certificates_.reset();
  service_reports_.reset();
  listeners_.reset();
  scribe_.reset();
  rt_.reset();
  forget_system_here();
  auto system = std::make_shared<std::unique_ptr<system_of_its_own>>(
    std::move(own_system_));
  try {
    if (is_over_within(system_limit, [system] { system->reset(); }))
      return;
    observe::event ev;
    ev.kind = observe::event_kind::held_up;
    ev.path = settings_.root;
    ev.wall_time = std::chrono::system_clock::now();
    ev.detail = "an actor outside its tree, or a thread of the program, keeps "
                "its actor system, which is left behind";
    log_->write(ev);
  } catch (const std::system_error&) {
    leave_behind(std::move(*system)); // no thread can be created
  }
}

// A thread that has used an actor system has a reference to its logger, and the
// end of the system waits until that is gone. Source: CAF, ~actor_system.
void host::forget_system_here() {
  CAF_SET_LOGGER_SYS(nullptr);
}

} // namespace coppice
