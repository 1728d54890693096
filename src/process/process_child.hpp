// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "process/program_actor.hpp"

#include <memory>

namespace coppice::process {

/// As `process_child`, on another machine; for tests.
actor::child_spec process_child_on(std::shared_ptr<machine> on,
                                   supervision::child_spec spec, program value);

} // namespace coppice::process
