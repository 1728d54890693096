// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// What coppice's actors need of the version of CAF that is there: `run_queue`,
/// `pinned_actor_base`, `trapping`, `others` and, for a few sources of this
/// room, the functions in `by_version`. Documented in actors_0_17.hpp.

#include "actor/caf/version.hpp"

#include COPPICE_CAF_ACTORS
