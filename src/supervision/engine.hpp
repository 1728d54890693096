// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/child_spec.hpp"
#include "supervision/command.hpp"
#include "supervision/event.hpp"
#include "supervision/restart_window.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace coppice::supervision {

/// A supervisor without a world: takes events, returns commands.
///
/// OTP's supervisor serves nothing else while it starts a child or waits for
/// one to end. The engine keeps that order: what arrives meanwhile is deferred
/// and handled afterwards, first come, first served.
///
/// It is one of three kinds: fixed (children by id, in an order), simple (OTP's
/// simple_one_for_one: children of one template, by instance) or dynamic
/// (Elixir's DynamicSupervisor: each child with its own specification, by
/// instance).
///
/// Not thread-safe; copyable, so that a copy can be asked what would happen.
///
/// Source: OTP supervisor (27), Elixir DynamicSupervisor.
class engine {
public:
  // -- member types -----------------------------------------------------------

  /// What the engine holds of a child.
  struct child {
    std::shared_ptr<const child_spec> specification;
    child_state state = child_state::undefined;
    /// The running instance or, while restarting, the former one.
    instance_id instance = 0;

    const child_spec& spec() const noexcept {
      return *specification;
    }
  };

  using child_map = std::map<child_key, child>;

  // -- constructors -----------------------------------------------------------

  /// @pre `validate` finds nothing wrong with `value` and `children`.
  /// The children get the keys 1, 2, 3, …; for simple_one_for_one the one
  /// specification is the template and has key 1.
  engine(flags value, std::vector<child_spec> children);

  /// A dynamic supervisor.
  /// @pre `validate` finds nothing wrong with `value`.
  explicit engine(dynamic_flags value);

  /// Sets where the chance of back-off jitter begins: the same seed, the same
  /// waits. To be called before the first event.
  void seed(std::uint64_t value) noexcept {
    chance_ = value;
  }

  // -- the machine ------------------------------------------------------------

  /// Takes `ev`, which happened at `now`, and appends to `out` what is to be
  /// done. Times must not go backwards.
  void handle(event ev, time_point now, std::vector<command>& out);

  // -- properties -------------------------------------------------------------

  const flags& settings() const noexcept {
    return flags_;
  }

  const restart_window& window() const noexcept {
    return window_;
  }

  /// The budget that the child `key` has of its own; null if it has none.
  const restart_window* own_window(child_key key) const;

  /// All children in start order.
  const child_map& children() const noexcept {
    return children_;
  }

  /// Whether children are known by instance, not by id.
  bool dynamic() const noexcept {
    return kind_ != kind::fixed;
  }

  /// Whether nothing is being done and nothing waits to be done.
  bool idle() const noexcept {
    return !job_ && deferred_.empty()
           && std::holds_alternative<std::monostate>(waiting_);
  }

  /// Whether the supervisor has ended.
  bool ended() const noexcept {
    return ended_;
  }

private:
  // -- member types -----------------------------------------------------------

  // What is being done at the moment: children to stop, one after the other,
  // then children to start, one after the other.
  struct job {
    enum class kind {
      init,       // the supervisor starts
      abort_init, // … and failed to
      restart,    // of one child or a group
      add,        // start_child
      revive,     // restart_child
      terminate,  // terminate_child
      end,        // the supervisor ends
    };
    kind what;
    std::vector<child_key> to_stop = {};
    std::size_t next_stop = 0;
    std::vector<child_key> to_start = {};
    std::size_t next_start = 0;
    request_id origin = 0;
    child_key culprit = 0;                  // restart: the child that crashed
    instance_id old_instance = 0;           // … its instance then
    bool retried = false;                   // … and whether this is a retry
    bool forget = false;                    // terminate: the specification, too
    std::optional<exit_reason> reason = {}; // abort_init, end
  };

  struct waiting_for_start {
    child_key key;
    instance_id instance;
    std::uint64_t timer;
  };

  struct waiting_for_down {
    child_key key;
    instance_id instance;
    std::uint64_t timer;
    bool killed;
  };

  // All children at once: one timer for each different time to wait.
  struct waiting_for_all {
    struct entry {
      instance_id instance;
      child_key key;
      std::uint64_t timer = 0;
      bool killed = false;
      bool down = false;
    };
    entry* find(instance_id instance); // null unless it is waited for
    std::vector<entry> all = {};       // by instance
    std::size_t left = 0;
    std::map<std::string, std::pair<exit_reason, std::size_t>> errors = {};
  };

  using waiting = std::variant<std::monostate, waiting_for_start,
                               waiting_for_down, waiting_for_all>;

  enum class kind { fixed, simple, dynamic };

  // Of a child whose restarts may have to wait.
  struct pace {
    std::chrono::milliseconds next{0};
    time_point last;
    std::uint64_t timer = 0; // of the restart that is due
  };

  // Of a running child with `progress_within`.
  struct watch {
    child_key key;
    time_point last;
    bool stalled = false;
  };

  // -- events -----------------------------------------------------------------

  void defer(event ev);
  bool resolve(event& ev);
  bool resolve_exit(const child_exited& gone);
  void process(event& ev);
  void on_exit(instance_id instance, const exit_reason& reason);
  void on_retry(child_key key);
  void on_restart_due(std::uint64_t timer);
  void on_request(request& req);

  // -- requests ---------------------------------------------------------------

  reply refuse(refusal why, instance_id instance = 0) const;
  reply refuse_id() const;
  std::optional<reply> refuse_unless_down(std::string_view id);
  std::optional<reply> answer(request_id id, start_child& body);
  std::optional<reply> answer(request_id id, start_dynamic_child&);
  std::optional<reply> answer(request_id id, terminate_child& body);
  std::optional<reply> answer(request_id id, terminate_dynamic_child& body);
  std::optional<reply> answer(request_id id, restart_child& body);
  std::optional<reply> answer(request_id id, delete_child& body);
  child_info info_on(const child& c) const;
  std::optional<reply> answer(request_id id, which_children&);
  std::optional<reply> answer(request_id id, which_child& body);
  std::optional<reply> answer(request_id id, which_dynamic_child& body);
  std::optional<reply> answer(request_id id, count_children&);
  std::optional<reply> answer(request_id id, get_childspec& body);

  // -- restarts ---------------------------------------------------------------

  void try_restart(child_key key, bool retried);
  void begin_restart(child_key key, bool retried);
  std::chrono::milliseconds next_delay(child_key key);
  void give_up(child_key key);
  void after_unrestarted_exit(const child_spec& spec);
  std::vector<child_key> affected_by(child_key key) const;

  // -- jobs -------------------------------------------------------------------

  void run();
  bool stop_next();
  bool start_next();
  void finish();
  void begin_shutdown(child_key key);
  void stop_all_dynamic();
  std::uint64_t arm(std::chrono::milliseconds delay);
  void kill_slow(waiting_for_down& state);
  void kill_slow(waiting_for_all& state, std::uint64_t timer);
  void give_up_start(const waiting_for_start& state);
  void on_down(child_key key, instance_id instance, const exit_reason& reason);
  void on_dynamic_down(instance_id instance, const exit_reason& reason);
  void finish_dynamic_stop();
  bool on_timeout(std::uint64_t timer);
  void on_start_returned(child_key key, instance_id instance,
                         start_outcome& outcome);
  void on_start_failed(child_key key, const exit_reason& reason);
  void end(exit_reason reason);

  // -- progress ---------------------------------------------------------------

  void begin_watch(child_key key, instance_id instance);
  void end_watch(instance_id instance);
  void on_watch_due(instance_id instance);
  exit_reason true_reason(instance_id instance, const exit_reason& reason);

  // -- children ---------------------------------------------------------------

  child* find(std::string_view id);
  child_key add(std::shared_ptr<const child_spec> spec);
  void remove(child_key key);
  void set_undefined(child& c);
  void mark_down(child_key key);
  void report_on(report_context context, child_key key, const child& c,
                 std::optional<exit_reason> reason);
  void emit(command cmd);

  // -- member variables -------------------------------------------------------

  kind kind_;
  flags flags_;
  std::optional<std::size_t> max_children_;
  restart_window window_;
  std::shared_ptr<const child_spec> template_;
  child_map children_;
  std::map<std::string, child_key, std::less<>> keys_by_id_;
  std::unordered_map<instance_id, child_key> keys_by_instance_;
  std::unordered_map<instance_id, exit_reason> deferred_exits_;
  std::deque<event> deferred_;
  std::optional<job> job_;
  waiting waiting_;
  std::unordered_map<child_key, restart_window> own_windows_;
  std::unordered_map<child_key, pace> paces_;
  std::unordered_map<std::uint64_t, child_key> restarts_due_;
  std::unordered_map<instance_id, watch> watches_;
  std::unordered_map<std::uint64_t, instance_id> watches_due_;
  std::uint64_t chance_ = 0; // for jitter
  child_key last_key_ = 0;
  instance_id last_instance_ = 0;
  std::uint64_t last_timer_ = 0;
  bool ended_ = false;
  time_point now_;
  std::vector<command>* out_ = nullptr;
};

} // namespace coppice::supervision
