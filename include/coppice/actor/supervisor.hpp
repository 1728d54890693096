#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/supervision/engine.hpp"

#include <caf/event_based_actor.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace coppice::actor {

/// The engine in an actor's coat: translates messages to events and commands
/// to spawns, signals and messages, and tells the runtime what happened.
///
/// It watches its children and, when it ends, for whatever reason, ends those
/// that are left: an OTP link at the cost of a CAF monitor.
class supervisor : public caf::event_based_actor {
public:
  /// Called once with what became of the start.
  using on_init = std::function<void(supervision::start_outcome)>;

  /// @pre `validate` finds nothing wrong with `flags` and `children`.
  /// `parent` may be null; only its exit signals are obeyed.
  supervisor(caf::actor_config& cfg, runtime_ptr rt, std::string path,
             supervision::flags flags, std::vector<child_spec> children,
             caf::actor_addr parent, on_init initialized);

  const char* name() const override {
    return "coppice.supervisor";
  }

  caf::behavior make_behavior() override;

protected:
  void on_cleanup(const caf::error& reason) override;

private:
  struct child {
    caf::actor handle;
    std::string path;
    supervision::child_type type;
  };

  // -- events -----------------------------------------------------------------

  void feed(supervision::event ev);
  void on_child_gone(supervision::instance_id instance,
                     const supervision::exit_reason& reason);

  // -- commands ---------------------------------------------------------------

  void run(supervision::start_instance& cmd);
  void run(supervision::send_signal& cmd);
  void run(supervision::arm_timer& cmd);
  void run(supervision::retry_later& cmd);
  void run(supervision::send_reply& cmd);
  void run(supervision::up& cmd);
  void run(supervision::stopped& cmd);
  void run(supervision::forget& cmd);
  void run(supervision::exit_noticed& cmd);
  void run(supervision::retry_noticed& cmd);
  void run(supervision::child_down& cmd);
  void run(supervision::progress& cmd);
  void run(supervision::restart_decided& cmd);
  void run(supervision::report& cmd);

  // -- children ---------------------------------------------------------------

  start_result call_start(supervision::child_key key, start_args args);
  void adopt(supervision::instance_id instance, supervision::child_key key,
             caf::actor handle);
  void release(supervision::instance_id instance);
  std::string path_of(supervision::child_key key) const;
  std::string budget() const;
  std::uint64_t publish(observe::event_kind kind, std::string path,
                        std::string reason = {}, std::string detail = {},
                        std::uint64_t incarnation = 0);

  // -- member variables -------------------------------------------------------

  runtime_ptr rt_;
  std::string path_;
  supervision::engine engine_;
  caf::actor_addr parent_;
  on_init initialized_;
  std::unordered_map<supervision::child_key, start_function> factories_;
  std::unordered_map<supervision::child_key, std::string> ids_;
  std::unordered_map<supervision::instance_id, child> children_;
  supervision::instance_id acknowledging_ = 0;
  std::deque<supervision::event> events_;
  std::vector<supervision::command> commands_;
  bool feeding_ = false;
  std::uint64_t cause_ = 0; // the event that what happens now comes of
  std::string why_;         // … in words
};

/// A supervision tree as its owner sees it.
class tree_root {
public:
  /// Starts a supervisor named `id` with `children` and waits until all of
  /// them are up. On failure `error` says why and nothing is left running.
  ///
  /// Blocks; must not be called from an actor.
  struct result {
    std::unique_ptr<tree_root> root;
    std::string error;
  };

  static result start(runtime_ptr rt, std::string id, supervision::flags flags,
                      std::vector<child_spec> children);

  tree_root(runtime_ptr rt, caf::actor handle);

  /// Asks the tree to end with `reason`, children first. Any thread.
  void stop(const supervision::exit_reason& reason);

  /// Calls `fn` once, on any thread, when the root has ended.
  void on_end(std::function<void(supervision::exit_reason)> fn);

  const caf::actor& handle() const noexcept {
    return handle_;
  }

private:
  runtime_ptr rt_;
  caf::actor handle_;
};

/// Ends the actor at `path` as if it had failed with `reason`, or kills it if
/// there is none; a supervisor ends its children first unless it is killed.
/// Returns whether there is such an actor. Any thread.
bool crash(runtime& rt, std::string_view path,
           const std::optional<supervision::exit_reason>& reason);

} // namespace coppice::actor
