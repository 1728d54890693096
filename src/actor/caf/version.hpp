// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// The one place where coppice asks for CAF's version. Everything else compiles
/// against 0.17.6, which Debian and Ubuntu ship, and 1.1 unchanged. What a
/// third version needs is in docs/internals/caf.md.

#include <caf/config.hpp>

#if CAF_MAJOR_VERSION == 0
#define COPPICE_CAF_ACTORS "actor/caf/actors_0_17.hpp"
#define COPPICE_CAF_VIRTUAL_SCHEDULER "testing/virtual_scheduler_0_17.hpp"
#else
#define COPPICE_CAF_ACTORS "actor/caf/actors_1.hpp"
#define COPPICE_CAF_VIRTUAL_SCHEDULER "testing/virtual_scheduler_1.hpp"
#endif
