// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/child_spec.hpp"
#include "coppice/supervision/exit_reason.hpp"
#include "coppice/supervision/outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What the world reports to the engine.
namespace coppice::supervision {

/// Names one specification that a supervisor holds. Keys grow in the order in
/// which children were added, which is the start order.
using child_key = std::uint64_t;

/// Names a request; chosen by the world.
using request_id = std::uint64_t;

// -- requests -----------------------------------------------------------------

/// Adds a child and starts it. Not for simple_one_for_one. A dynamic supervisor
/// takes any number with the same id.
struct start_child {
  child_spec spec;
};

/// Starts one more child from the template. Only for simple_one_for_one.
struct start_dynamic_child {};

/// Stops a child. Its specification stays, unless it is temporary.
struct terminate_child {
  std::string id;
  /// Beyond OTP: the specification goes with the child, before anything else
  /// can bring that child back.
  bool forget = false;
};

/// Stops a child of a simple_one_for_one or dynamic supervisor. What is no
/// child is not found; but simple_one_for_one takes it for a dead one, which is
/// a success, unless `alive` says that it lives.
struct terminate_dynamic_child {
  instance_id instance;
  bool alive = false;
};

/// Starts a child that is down.
struct restart_child {
  std::string id;
};

/// Removes the specification of a child that is down.
struct delete_child {
  std::string id;
};

struct which_children {};

/// Asks for one line of `which_children`.
struct which_child {
  std::string id;
};

/// The same of a child of a simple_one_for_one or dynamic supervisor, by its
/// instance or, while it is restarting, its former one.
struct which_dynamic_child {
  instance_id instance;
};

struct count_children {};

struct get_childspec {
  std::string id;
};

using request_body
  = std::variant<start_child, start_dynamic_child, terminate_child,
                 terminate_dynamic_child, restart_child, delete_child,
                 which_children, which_child, which_dynamic_child,
                 count_children, get_childspec>;

// -- events -------------------------------------------------------------------

/// Start the children given to the constructor. The first event of all.
struct begin {};

/// The start function that a `start_instance` command asked for has returned.
struct start_returned {
  instance_id instance;
  start_outcome outcome;
};

/// A child has ended. That of any other `instance` is noticed and ignored.
struct child_exited {
  instance_id instance;
  exit_reason reason;
};

/// A child that has a `progress_within` made progress.
struct progressed {
  instance_id instance;
};

/// The timer of an `arm_timer` command has fired.
struct timer_fired {
  std::uint64_t generation;
};

/// What a `retry_later` command asked for.
struct retry_due {
  child_key key;
};

/// Somebody asks something.
struct request {
  request_id id;
  request_body body;
};

/// The parent has ended, or asks this supervisor to end, with `reason`.
struct parent_exited {
  exit_reason reason;
};

using event = std::variant<begin, start_returned, child_exited, progressed,
                           timer_fired, retry_due, request, parent_exited>;

} // namespace coppice::supervision
