// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/response.hpp"
#include "coppice/actor/runtime.hpp"

#include <map>
#include <string>

namespace coppice::admin {

/// What the supervisors of `rt` would do if the actor at `path` ended with
/// `reason`, or if `action`, a fault, was done to it; each of them asked in
/// turn as long as the one below gives up.
/// Blocks up to a second for each; any thread but a reactor's.
response predict(const actor::runtime& rt,
                 const std::map<std::string, std::string>& query);

/// What the three strategies do about the crash of one child of a toy tree:
/// `a`, `b` and `c`, in this order. `query` has `crash`, the child, and may
/// have `reason`, `restart` and `times`. The engine itself answers.
response sandbox(const std::map<std::string, std::string>& query);

} // namespace coppice::admin
