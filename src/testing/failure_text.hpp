// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/testing/matchers.hpp"

#include <iosfwd>
#include <string_view>

/// What matchers say when they do not hold.
namespace coppice::testing {

/// The lines that are about `path`.
marks about(const event_history& what, std::string_view path);

/// The last of them is pointed at.
marks last_about(const event_history& what, std::string_view path);

/// ` (there is no wroker; there are: app, app/worker)`, if it is so.
void list_paths(std::ostream& out, const event_history& what,
                std::string_view path);

/// `missing` does not happen from the line `next` on; `found` are those before.
void explain_missing(std::ostream& out, const event_history& what, marks found,
                     std::size_t next, const event_matcher& missing);

} // namespace coppice::testing
