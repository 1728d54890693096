// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"
#include "observe/connection_log.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::journal {

/// An event as it is seen outside the process: in the journal's exports,
/// `coppice events --json` and the admin API. Fields without a value are left
/// out; `text` is the line that the log would show.
nlohmann::json to_json(const observe::event& ev);

/// A decision, without the event around it, and back.
/// `decision_from` gives nothing for what `to_json` did not make.
nlohmann::json to_json(const observe::decision& what);
std::optional<observe::decision> decision_from(const nlohmann::json& what);

/// `used` of `intensity` in `period_seconds`; `used_up` if it is.
nlohmann::json to_json(const supervision::own_budget& what);

/// The start or the end of a connection of the hub at `path`.
nlohmann::json to_json(std::string_view path,
                       const observe::connection_record& record);

/// When that was, by the wall clock as it is set now.
std::chrono::system_clock::time_point
wall_time_of(const observe::connection_record& record);

/// The line that the log shows of it.
std::string describe(std::string_view path,
                     const observe::connection_record& record);

/// In one line, without its end. What is not UTF-8 in it is replaced.
std::string to_line(const nlohmann::json& what);

/// `2026-11-22T20:38:40.603Z`
std::string to_text(std::chrono::system_clock::time_point when);

} // namespace coppice::journal
