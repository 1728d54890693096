// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/expected.hpp"
#include "coppice/supervision/child_spec.hpp"
#include "coppice/supervision/outcome.hpp"

#include <caf/actor.hpp>

#include <any>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace coppice::actor {

/// What a start function gets to know.
struct start_args {
  runtime_ptr rt;
  std::string path;                  ///< Of the child that is to be started.
  caf::actor supervisor;             ///< Starts the child.
  supervision::instance_id instance; ///< Names this attempt.
  /// For a child of a simple_one_for_one supervisor what start_child was given,
  /// for one of a dynamic supervisor its `extra_arguments`.
  std::any arguments = {};
  std::uint64_t cause = 0; ///< The event that led to this start.
  bool asked = false;      ///< Somebody asked for it; no restart by itself.
};

/// The child runs; `info` is returned to the caller of the request. A null
/// handle is a failed start, here and in `starting`.
struct running {
  caf::actor child;
  std::string info = {};
};

/// The child exists and will say by `acknowledge_start` whether it runs. Its
/// supervisor serves nothing else until then. If it ends first, its start has
/// failed for that reason.
struct starting {
  caf::actor child;
};

/// What a start function answers. `ignored` and `start_failed` are those of
/// the engine. Each of these may be thrown as well, as in OTP; any other
/// exception counts as a failed start.
using start_result = std::variant<running, starting, supervision::ignored,
                                  supervision::start_failed>;

/// Runs inside the supervisor, which waits for it: it must not block for long
/// and must not call the supervisor.
using start_function = std::function<start_result(const start_args&)>;

/// A child: what the engine has to know of it, and how to start it.
struct child_spec {
  supervision::child_spec spec;
  start_function start;
  /// An error found while this was built, such as in the children of a nested
  /// supervisor: nothing is started then.
  expected<void, supervision::spec_error> valid = {};
};

/// Tells the supervisor of `args` that the child it started makes progress, as
/// `progress_within` of its specification asks it to. Any thread.
void report_progress(const start_args& args);

/// Tells the supervisor of `args` what became of a child that it was given as
/// `starting`. To be called once. Any thread. After `ignored` or `start_failed`
/// nobody looks after that actor any more; it has to end by itself.
void acknowledge_start(const start_args& args,
                       supervision::start_outcome outcome);

/// A child that is a supervisor itself: permanent, with the shutdown
/// `infinity`. Its start returns when all of its `children` are up.
child_spec supervisor_child(std::string id, supervision::flags flags,
                            std::vector<child_spec> children);

/// A child that is a dynamic supervisor: permanent, with the shutdown
/// `infinity`. Its children, none at first, are added with `start_child`; their
/// start functions find `extra_arguments` in their `start_args`.
/// Source: Elixir DynamicSupervisor.
child_spec dynamic_supervisor(std::string id,
                              supervision::dynamic_flags flags = {},
                              std::any extra_arguments = {});

} // namespace coppice::actor
