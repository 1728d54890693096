// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/process/program.hpp"

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::process {

/// The user that a program runs as.
struct identity {
  uid_t user;
  gid_t group;
  std::vector<gid_t> groups;
};

/// A limit of a program, as the kernel wants it.
struct resource_limit {
  int resource;
  rlimit value;
  std::string name;
};

/// Everything that a program needs to be executed, looked up and copied before
/// there is a process for it.
struct launch {
  std::vector<std::string> arguments;
  std::string search_path; ///< Where it was looked for; may be empty.
  std::vector<std::string> candidates; ///< Files to execute; the first that is.
  std::vector<std::string> environment;
  std::string directory;
  std::string user; ///< For messages.
  std::optional<identity> as;
  std::vector<resource_limit> limits;
  int death_signal = 0;
  /// A descriptor of ours, and its number there. Those of ours are beyond all
  /// of those numbers.
  std::vector<std::pair<int, int>> descriptors = {};
};

/// The variable that marks what a program has started.
inline constexpr auto mark_name = "COPPICE_CHILD";

/// Looks up users and paths, which may take time. `extra` is set in its
/// environment on top. The error says what is missing.
expected<launch, std::string>
prepare(const program& what,
        const std::vector<std::pair<std::string, std::string>>& extra);

/// The number of a limit by its name as in `program::limits`; unset if there is
/// none of that name.
std::optional<int> resource_number(std::string_view name);

} // namespace coppice::process
