// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/outcome.hpp"
#include "supervision/event.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What the engine asks the world to do. Commands are carried out in order.
namespace coppice::supervision {

// -- replies ------------------------------------------------------------------

/// One line of `which_children`.
struct child_info {
  std::string id; ///< Empty under simple_one_for_one and dynamic supervisors.
  child_state state;
  instance_id instance; ///< 0 unless running.
  child_type type;
};

/// The answer to start_child and restart_child. `instance` is 0 if the start
/// function answered `ignored`.
struct child_ref {
  instance_id instance;
  std::string info;
};

struct refused {
  refusal why;
  instance_id instance = 0;
  std::optional<exit_reason> reason = {};
  std::optional<spec_error> spec = {};
};

using reply = std::variant<done, child_ref, refused, std::vector<child_info>,
                           child_info, child_counts, child_spec>;

// -- things to do -------------------------------------------------------------

/// Call the start function of `key`; answer with `start_returned`. Always the
/// last command of a batch.
struct start_instance {
  child_key key;
  instance_id instance;
  request_id origin; ///< The start_child request that brought it; else 0.
};

enum class signal { shutdown, kill };

/// Ask a child to end, or end it.
struct send_signal {
  child_key key;
  instance_id instance;
  supervision::signal what;
};

/// Answer with `timer_fired` after `delay`. Several may run at a time; there is
/// no need to stop one, since the engine ignores what came too late.
struct arm_timer {
  std::uint64_t generation;
  std::chrono::milliseconds delay;
};

/// Wait no longer for a child that a kill could not end, nor for its exit
/// notice. It may still live; its successor may already be starting.
struct abandon {
  child_key key;
  instance_id instance;
};

/// Send a `retry_due` to the engine, behind everything that waits already.
struct retry_later {
  child_key key;
};

struct send_reply {
  request_id id;
  reply body;
};

/// All children are started: the start of the supervisor succeeded.
struct up {};

/// The supervisor has ended. Always the last command. If it comes before `up`,
/// the start of the supervisor failed.
struct stopped {
  exit_reason reason;
};

/// A specification is gone; its start function can be released.
struct forget {
  child_key key;
};

// -- things to know -----------------------------------------------------------

/// An exit was taken notice of. `key` is 0 for what is not a current child.
struct exit_noticed {
  child_key key;
  instance_id instance;
  exit_reason reason;
};

/// A retry was taken from the mailbox, even if there is nothing to retry.
struct retry_noticed {
  child_key key;
};

/// A restart that had to wait, by a back-off, begins.
struct wait_over {
  child_key key;
};

/// A request was taken from the mailbox. What follows, up to the next of what
/// is noticed, is done for it.
struct request_noticed {
  request_id id;
};

/// The same of the parent's word to end.
struct parent_noticed {};

/// A shutdown has completed.
struct child_down {
  child_key key;
  instance_id instance;
  exit_reason reason;
};

/// A start function returned a child.
struct progress {
  child_key key;
  instance_id instance;
  bool dynamic; ///< OTP sends no progress report for those.
  std::shared_ptr<const child_spec> spec;
};

/// A restart was decided: these children will be started, because `key` ended.
struct restart_decided {
  child_key key;
  std::string id;
  supervision::restart restart;
  supervision::strategy strategy;
  std::vector<child_key> affected; ///< In start order.
  std::size_t used;                ///< Restarts in the window, this included.
  std::chrono::milliseconds delay; ///< Of the restart.
  /// The budget that it counts against, if that is the child's own: `used` then
  /// does not include it.
  std::optional<own_budget> own = {};
};

/// A child has made no progress for too long and is about to be killed.
struct stalled {
  child_key key;
  instance_id instance;
};

enum class report_context {
  child_terminated,
  start_error,
  shutdown_error,
  shutdown
};

/// How a report names the child that it is about.
struct offender {
  child_state state;
  instance_id instance;  ///< The instance or, if restarting, the former one.
  std::size_t count = 0; ///< If not 0: the number of children in the report.
};

/// What OTP would report as an error.
/// Source: OTP supervisor, supervisor reports.
struct report {
  report_context context;
  child_key key;
  std::string id;
  supervision::restart restart;
  supervision::offender offender;
  /// Unset for `report_context::shutdown`: reached_max_restart_intensity.
  std::optional<exit_reason> reason;
  /// What else OTP says of the child: significant, shutdown, type.
  std::shared_ptr<const child_spec> spec;
};

using command
  = std::variant<start_instance, send_signal, arm_timer, abandon, retry_later,
                 send_reply, up, stopped, forget, exit_noticed, retry_noticed,
                 wait_over, request_noticed, parent_noticed, child_down,
                 progress, restart_decided, stalled, report>;

std::string_view to_string(report_context value);

} // namespace coppice::supervision
