// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "coppice/actor/child_spec.hpp"
#include "process/fault_points.hpp"
#include "process/machine.hpp"
#include "process/messages.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace coppice::process {

/// What the actor of a program has to know.
struct program_child {
  std::shared_ptr<const program> what;
  supervision::shutdown shutdown = supervision::shutdown::brutal_kill();
  std::optional<std::chrono::milliseconds> progress_within = {};
  /// Null: this computer, or a fake in virtual time.
  std::shared_ptr<machine> on = {};
};

/// A program as its supervisor sees it. It says when the program is up, passes
/// on what is asked of it, and ends when nothing of the program is left, for
/// the program's reason. No kill signal ends it before that: otherwise the next
/// program would be started beside one that still lives.
class program_actor final : public actor::pinned_actor {
public:
  program_actor(caf::actor_config& cfg, const actor::start_args& args,
                program_child how);

  const char* name() const override {
    return "coppice.program";
  }

  caf::behavior make_behavior() override;

  using pinned_actor::enqueue;

  actor::enqueue_result enqueue(caf::mailbox_element_ptr what,
                                actor::host_context* context) override;

  void call_off_start() override;
  void announce_stall() override;

private:
  void start();
  void on_exit_signal(caf::exit_msg& msg);
  void on_wish(const wish_message& what);
  void on_started(pid_t pid);
  void on_not_started(const std::string& why);
  void on_sign(sign_message::kind what);
  void on_ended(program_end& how);
  void on_ready();

  void stop();
  void kill();
  void be_up_to(std::chrono::milliseconds limit);
  void remind(std::chrono::milliseconds delay, wish_message::kind what);
  void end_with(const supervision::exit_reason& reason);

  // What faults ask for.
  bool start_with_fault(const fault::decision& what);
  bool stop_with_fault(const fault::decision& what);
  void exit_with_fault(const fault::decision& what);

  const actor::start_args args_;
  const program_child how_;
  const fault_points points_;
  std::shared_ptr<handle> program_; // null until it was asked for
  std::atomic<bool> stalled_ = false;
  pid_t pid_ = 0;
  bool acknowledged_ = false;
  bool killed_ = false;
  bool was_stalled_ = false; // its supervisor has another reason then
  bool limited_ = false;     // in the time that it may take to end
  std::optional<supervision::exit_reason> asked_;
  std::optional<supervision::exit_reason> instead_; // of the program's reason
};

} // namespace coppice::process
