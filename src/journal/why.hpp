// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "journal/store.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace coppice::journal {

/// The last end or restart of an actor, and what led to it.
struct story {
  std::string path;
  /// From the first cause to the actor's last end, restart or failed start.
  std::vector<entry> chain;
  /// How long there was no such actor, if it was restarted.
  std::optional<std::chrono::nanoseconds> down_for;
};

/// The story of the actor at `path`: of its last restart or, if it was not
/// restarted since, of its last end. Nothing if neither is in the journal.
expected<std::optional<story>, store_error> why(const reader& from,
                                                const std::string& path);

/// For a person: a line for each event, and what was left of the budget.
std::string tell(const story& what);

} // namespace coppice::journal
