// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/trace.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::lab {

/// What is wrong with a JSON object, for a person; nothing if it is good.
using objection = std::optional<std::string>;

/// Gives `take` each line of `text` that begins with `{`, until one is no JSON
/// object, or `take` objects.
std::optional<trace_error>
read_objects(std::string_view text,
             const std::function<objection(trace_event)>& take);

/// What is wrong with the member `name`, which has to be a text.
objection no_text(const trace_event& ev, const char* name);

/// What is wrong with an event of a trace.
objection no_event(const trace_event& ev);

} // namespace coppice::lab
