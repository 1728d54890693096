// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/lab.hpp"

namespace coppice::commands {

/// Compares coppice, or traces that were recorded, with Erlang's supervisors,
/// with each Erlang that `options.otp` names; returns the exit code.
int run_against_otp(const lab_options& options);

} // namespace coppice::commands
