// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/programs/surroundings.hpp"
#include "server/programs/tree_file.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace coppice::programs {

/// What `coppice run --check` says of a tree that was read.
///
/// Programs and folders that are missing, a line each as `read_tree` gives
/// them. Users were looked up when it was read.
std::vector<std::string> missing(const tree& what, const std::string& file,
                                 const surroundings& where);

/// How long the stop of the whole tree may take, since children are stopped one
/// after the other; nothing if there is no limit.
std::optional<std::chrono::milliseconds> longest_stop(const tree& what);

/// The tree, how long its stop takes, and when its supervisors give up.
std::string described(const tree& what);

} // namespace coppice::programs
