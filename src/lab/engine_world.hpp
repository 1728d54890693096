// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/tree.hpp"
#include "lab/chronicle.hpp"
#include "supervision/engine.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace coppice::lab {

/// A child as the supervisor above it knows it, until the world is played on.
struct placed_child {
  std::string id;
  std::string supervisor_id;
  const supervision::engine* supervisor;
  const supervision::engine::child* child;
  std::shared_ptr<const child_def> def;
  const supervision::restart_window* own_budget; ///< Null if it has none.
};

/// Plays a scenario on engines alone, in virtual time: every supervisor is an
/// engine, every worker is simulated. Deterministic: the same scenario leaves
/// the same trace.
///
/// Time stands still while anything can happen now, and moves on only while a
/// supervisor waits for something or a step says so.
///
/// Copyable, so that a copy can be asked what a step will do. Not thread-safe.
class engine_world {
public:
  // -- constructors -----------------------------------------------------------

  explicit engine_world(std::shared_ptr<const scenario> plan);

  // -- playing ----------------------------------------------------------------

  /// Does `what`, then runs until every supervisor waits for its next message.
  void play(const step& what);

  /// Writes down how the top supervisor ended, or that it lives.
  void finish();

  // -- properties -------------------------------------------------------------

  const scenario& plan() const noexcept {
    return *plan_;
  }

  /// The virtual time.
  supervision::time_point now() const noexcept {
    return now_;
  }

  /// All that happened so far.
  const std::vector<moment>& moments() const noexcept {
    return chronicle_.moments();
  }

  /// The engines of all supervisors that live, by the supervisor's id.
  std::map<std::string, const supervision::engine*> supervisors() const;

  /// The child called `id`, if a supervisor that lives has one.
  std::optional<placed_child> find_child(const std::string& id) const;

  /// The children of the supervisor `id` in start order; none if it does not
  /// live.
  std::vector<placed_child> children_of(const std::string& id) const;

  /// The tree as it is now, as a server publishes its own; nothing while the
  /// top supervisor does not live. A supervisor that is down has no children.
  std::optional<observe::node_view> look() const;

private:
  // -- member types -----------------------------------------------------------

  using process_id = std::uint64_t;

  struct supervisor_part {
    supervisor_record record;
    supervision::engine machine;
    std::map<supervision::instance_id, process_id> processes;
    std::string info; // to hand over once it is up
    // What a step, which waits for its end, asked it to end with.
    std::optional<supervision::exit_reason> awaited = {};
  };

  struct process {
    label name;
    process_id parent = 0;
    supervision::instance_id instance = 0; // as its parent knows it
    std::shared_ptr<const child_def> def;  // of a worker
    std::optional<supervisor_part> sup;
    bool alive = true;
  };

  struct mail {
    process_id to;
    supervision::event what;
  };

  // A child that traps exits looks at a signal in its own time.
  struct reaction {
    process_id who;
  };

  struct timer {
    supervision::time_point due;
    std::uint64_t sequence;
    process_id who;
    std::variant<std::uint64_t, supervision::exit_reason> what;
  };

  // -- the loop ---------------------------------------------------------------

  void settle();
  bool step_time();
  void fire(const timer& what);
  bool busy() const;
  void deliver(const mail& letter);
  void react(process_id who);
  void note(trace_event what);
  void after(std::chrono::milliseconds delay, process_id who,
             std::variant<std::uint64_t, supervision::exit_reason> what);

  // -- steps ------------------------------------------------------------------

  template <class World>
  friend void perform(World& world, const step& what, bool during);

  void start_top();
  void ask(const step& what, bool during);
  void stop(process_id who, const step& what, bool during);
  supervision::request_body body_of(const step& what, process_id to) const;
  supervision::request_body about_process(const step& what,
                                          process_id to) const;
  void tell_child(const step& what);
  void tell_supervisor(const step& what);
  process_id find(const std::string& id, std::size_t n) const;
  process_id find_supervisor(const std::string& id) const;
  process* living(process_id who);

  // -- looking ----------------------------------------------------------------

  placed_child place(const process& sup, supervision::child_key key,
                     const supervision::engine::child& child) const;

  observe::node_view view_of(const process& sup, const std::string& path) const;
  observe::node_view view_of_child(const process& sup,
                                   supervision::child_key key,
                                   const supervision::engine::child& child,
                                   const std::string& path) const;
  std::string last_exit_of(const std::string& sup, const std::string& id) const;

  // -- commands ---------------------------------------------------------------

  void obey(process_id who, const supervision::command& cmd);

  // -- processes --------------------------------------------------------------

  void start_child(process_id sup, const supervision::start_instance& cmd);
  void start_worker(process_id sup, const attempt& what,
                    supervision::instance_id id);
  void start_nested(process_id sup, const attempt& what,
                    supervision::instance_id id);
  void start_fails(process_id sup, const attempt& what,
                   supervision::instance_id id);
  void start_returns(process_id sup, const label& name,
                     supervision::instance_id id, const std::string& res,
                     supervision::start_outcome outcome);
  void start_supervisor(process_id who,
                        std::shared_ptr<const supervisor_def> def);
  void supervisor_up(process_id who);
  void supervisor_ended(process_id who, const supervision::exit_reason& reason);
  process_id spawn(label name, process_id parent, supervision::instance_id id);
  void signal(process_id who, supervision::signal what);
  void kill_supervisor(process_id who);
  void die(process_id who, const supervision::exit_reason& reason);

  // -- member variables -------------------------------------------------------

  std::shared_ptr<const scenario> plan_;
  chronicle chronicle_;
  std::map<process_id, process> processes_;
  std::map<std::string, std::map<std::size_t, process_id>> by_name_;
  std::deque<std::variant<mail, reaction>> queue_;
  std::map<std::pair<supervision::time_point, std::uint64_t>, timer> timers_;
  std::optional<supervision::exit_reason> top_reason_;
  supervision::time_point now_;
  std::size_t step_ = 0;
  std::uint64_t last_process_ = 0;
  std::uint64_t last_stranger_ = std::uint64_t{1} << 62;
  std::uint64_t last_timer_ = 0;
};

/// Plays all of `plan`.
std::vector<moment> play(const scenario& plan);

} // namespace coppice::lab
