// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "supervision/command.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

/// Event traces: what the supervisors of a scenario did and noticed, in the
/// order in which they did so. One JSON object an event.
namespace coppice::lab {

using trace_event = nlohmann::ordered_json;
using trace = std::vector<trace_event>;

/// A child instance by its name: number `n` of those called `id`; 0 stands
/// for one that nobody knows.
struct label {
  std::string id;
  std::size_t n = 0;
};

/// The events, under the keys and in the order that a trace has them. `sup` is
/// the supervisor that did or noticed it; "$parent" is the process that starts
/// the tree, "$driver" the one that plays the scenario.
namespace event {

trace_event start_begin(std::string_view sup, const label& who);
trace_event start(std::string_view sup, const label& who,
                  const std::string& res);
trace_event exit(std::string_view sup, const label& who,
                 const std::string& reason);
trace_event signal(std::string_view sup, const label& who,
                   const std::string& sig);
trace_event down(std::string_view sup, const label& who,
                 const std::string& reason);
/// `n` is the number of the instance that the report names.
trace_event report(std::string_view sup, const supervision::report& what,
                   std::size_t n);
trace_event progress(std::string_view sup, const label& who);
trace_event retry(std::string_view sup, std::string_view id);
trace_event reply(std::string_view sup, std::string_view op,
                  const std::string& res);
/// The answer to the step `stop`: the supervisor was to end with `reason`, and
/// ended with `actual`.
trace_event stop_reply(const supervision::exit_reason& reason,
                       const supervision::exit_reason& actual);
trace_event unexpected(std::string_view sup, const std::string& msg);
trace_event log_error(std::string_view sup, const std::string& text);
trace_event gen_server_terminate(std::string_view sup,
                                 const std::string& reason);
trace_event sup_exit(const std::string& reason);
trace_event sup_alive();

/// Not part of a trace: why children are about to be started again. `reason`
/// is that of the exit, empty for a retry; `what.used` of `settings.intensity`
/// restarts are used up within the period.
trace_event decision(std::string_view sup, const label& who,
                     const std::string& reason,
                     const supervision::restart_decided& what,
                     const supervision::flags& settings,
                     const std::vector<std::string>& affected);

} // namespace event

/// An event, when it happened in virtual time since the start, and the number
/// of the step that brought it about.
struct moment {
  std::chrono::milliseconds at;
  std::size_t step;
  trace_event what;
};

/// The events that belong to a trace.
trace to_trace(const std::vector<moment>& moments);

/// One line an event.
std::string to_text(const trace& events);

/// Why a text is no trace: the line, from 1, and what was expected there.
struct trace_error {
  std::size_t line = 0;
  std::string message;
};

std::string to_string(const trace_error& err);

/// Reads what `to_text` writes; lines that do not begin with `{` are left out.
/// The others are events: JSON objects with a text as `e` and, if they have it,
/// as `sup`.
expected<trace, trace_error> read_trace(std::string_view text);

} // namespace coppice::lab
