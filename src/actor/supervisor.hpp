// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "actor/ticket.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/expected.hpp"
#include "supervision/engine.hpp"

#include <any>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace coppice::actor {

/// What makes a supervisor.
struct supervisor_setup {
  std::string path;
  std::variant<supervision::flags, supervision::dynamic_flags> flags;
  /// In start order; the one template of simple_one_for_one; none of a dynamic
  /// supervisor.
  std::vector<child_spec> children = {};
  /// Of a dynamic supervisor.
  std::any extra_arguments = {};
  /// Only its exit signals are obeyed; may be null.
  caf::actor_addr parent = {};
  /// Called once with what became of the start.
  std::function<void(supervision::start_outcome)> initialized = {};
  std::uint64_t cause = 0; ///< The event that led to its start.
  bool asked = false;      ///< Whether somebody asked for its start.
};

/// The error says why a child cannot be started at all.
expected<void, supervision::spec_error> validate(const child_spec& child);

/// The error is the first thing wrong with `setup`.
expected<void, supervision::spec_error> validate(const supervisor_setup& setup);

/// What a start function answers to start a supervisor: the path, the parent,
/// and the word that it is up, are made from `args`.
/// It must ask for nothing that `validate` finds wrong, or the start fails.
start_result start_supervisor(const start_args& args, supervisor_setup setup);

/// The engine in an actor's coat: translates messages to events and commands
/// to spawns, signals and messages, and tells the runtime what happened.
///
/// It watches its children and, when it ends, for whatever reason, ends those
/// that are left: an OTP link at the cost of a CAF monitor.
class supervisor : public pinned_actor {
public:
  /// @pre `validate` finds nothing wrong with `setup`.
  supervisor(caf::actor_config& cfg, runtime_ptr rt, supervisor_setup setup);

  const char* name() const override {
    return "coppice.supervisor";
  }

  caf::behavior make_behavior() override;

  void call_off_start() override;

  // -- properties, for a `tap` ------------------------------------------------

  const std::string& path() const noexcept {
    return path_;
  }

  const supervision::engine& machine() const noexcept {
    return engine_;
  }

  /// Where it runs in virtual time, else null. Any thread.
  virtual_time* time() const noexcept {
    return rt_->time;
  }

protected:
  void on_exit() override;
  void on_cleanup(const caf::error& reason) override;
  void let_go() override;

private:
  // How to start a child, and what to call it.
  struct recipe {
    std::shared_ptr<const start_function> start;
    std::string id;
    std::any arguments = {};
    // Of a child with an id:
    std::uint64_t end = 0; // the event of its last one
    // Of a dynamic child:
    std::uint32_t incarnation = 0;
    caf::actor_id actor = caf::invalid_actor_id;
  };

  struct child {
    caf::actor handle;
    supervision::child_key key;
    supervision::child_type type;
  };

  // What things are done for. A supervisor does one thing after the other.
  struct occasion {
    std::uint64_t cause = 0; // the event that led to it
    std::string why = {};    // … in words
    bool asked = false;      // somebody asked for it
  };

  // -- events -----------------------------------------------------------------

  void feed(supervision::event ev);
  void on_exit_signal(caf::exit_msg& msg);
  void end_for(supervision::exit_reason reason);
  void call_off();
  void on_child_gone(supervision::instance_id instance,
                     const supervision::exit_reason& reason);
  void on_started(supervision::instance_id instance,
                  supervision::start_outcome outcome);
  void on_acknowledged(supervision::instance_id instance,
                       supervision::start_outcome outcome);
  void on_request(std::shared_ptr<ticket> what);
  supervision::request_body body_of(const ticket& what) const;

  // -- commands ---------------------------------------------------------------

  void run(supervision::start_instance& cmd);
  void run(supervision::send_signal& cmd);
  void run(supervision::arm_timer& cmd);
  void run(supervision::abandon& cmd);
  void run(supervision::retry_later& cmd);
  void run(supervision::send_reply& cmd);
  void run(supervision::up& cmd);
  void run(supervision::stopped& cmd);
  void run(supervision::forget& cmd);
  void run(supervision::exit_noticed& cmd);
  void run(supervision::retry_noticed& cmd);
  void run(supervision::wait_over& cmd);
  void run(supervision::request_noticed& cmd);
  void run(supervision::parent_noticed& cmd);
  void run(supervision::child_down& cmd);
  void run(supervision::progress& cmd);
  void run(supervision::restart_decided& cmd);
  void run(supervision::stalled& cmd);
  void run(supervision::report& cmd);

  template <class T>
  void tell_later(std::chrono::milliseconds delay, T what);

  // -- faults -----------------------------------------------------------------

  bool may_start(const supervision::start_instance& cmd,
                 const fault::decision& what);
  void on_delayed_start(supervision::instance_id instance);
  void stop_with_fault(supervision::instance_id instance,
                       const fault::decision& what);
  void on_arrival(std::shared_ptr<ticket> what);
  void burn(std::optional<supervision::exit_reason> reason);

  // -- children ---------------------------------------------------------------

  void start(const supervision::start_instance& cmd);
  void answer_start(supervision::instance_id instance,
                    supervision::start_outcome outcome);
  void ask_to_end(supervision::instance_id instance);
  void learn(const supervision::start_instance& cmd);
  start_result call_start(const supervision::start_instance& cmd);
  void adopt(supervision::instance_id instance, supervision::child_key key,
             caf::actor handle);
  void release(supervision::instance_id instance);
  void leave_directory(const child& who);
  occasion take_postponed(supervision::child_key key);
  caf::actor handle_of(supervision::instance_id instance) const;
  void bind(supervision::child_key key, supervision::instance_id instance);
  supervision::instance_id instance_of(const caf::actor& handle) const;
  actor::child_info info_on(supervision::child_info& what) const;
  std::string path_of(supervision::child_key key) const;
  void show_new(supervision::child_key key);
  std::uint64_t show(supervision::child_key key, observe::node_state state);
  void show_exit(supervision::child_key key,
                 const supervision::exit_reason& reason);
  supervision::time_point now() const;
  observe::decision
  decision_on(supervision::restart what,
              const std::vector<supervision::child_key>& affected) const;
  observe::event event_of(observe::event_kind kind, std::string path,
                          std::string reason, std::string detail) const;
  std::uint64_t publish(observe::event_kind kind, std::string path,
                        std::string reason = {}, std::string detail = {},
                        std::uint64_t incarnation = 0);

  // -- member variables -------------------------------------------------------

  runtime_ptr rt_;
  std::string path_;
  supervision::engine engine_;
  std::any extra_arguments_;
  caf::actor_addr parent_;
  std::function<void(supervision::start_outcome)> initialized_;
  std::shared_ptr<observe::gauge> members_; // of a dynamic supervisor
  std::unordered_map<supervision::child_key, recipe> recipes_;
  std::unordered_map<supervision::instance_id, child> children_;
  // Of dynamic children, which requests name by their handles.
  std::unordered_map<caf::actor_id, supervision::instance_id> instances_;
  std::unordered_map<supervision::request_id, std::shared_ptr<ticket>> tickets_;
  supervision::request_id last_request_ = 0;
  supervision::instance_id last_stranger_ = std::uint64_t{1} << 63;
  supervision::instance_id starting_ = 0;      // its start has not returned
  supervision::child_key starting_key_ = 0;    // … and whose start that is
  supervision::instance_id acknowledging_ = 0; // … and will be acknowledged
  std::string start_note_;                     // what that said, for the event
  bool called_off_ = false; // no start is waited for any more
  std::deque<supervision::event> events_;
  std::vector<supervision::command> commands_;
  bool feeding_ = false;
  occasion occasion_; // of what is done now
  // … and of restarts that wait.
  std::unordered_map<supervision::child_key, occasion> postponed_;
  std::uint64_t cause_of_end_ = 0; // of this supervisor, by its parent
  std::optional<supervision::start_instance> delayed_; // by a fault
  std::optional<supervision::exit_reason> burning_;    // what children fail of
};

template <class T>
void supervisor::tell_later(std::chrono::milliseconds delay, T what) {
  if (rt_->time == nullptr)
    send_after(*this, delay, std::move(what));
  else
    rt_->time->after(delay, [self = caf::weak_actor_ptr{ctrl()},
                             what = std::move(what)]() mutable {
      if (auto strong = self.lock())
        deliver(caf::actor_cast<caf::actor>(strong), std::move(what));
    });
}

} // namespace coppice::actor
