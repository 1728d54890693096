// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// All of coppice but the GoogleTest kit, which is `coppice/testing.hpp`.

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/partition_supervisor.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/actor/spawns.hpp"
#include "coppice/actor/system.hpp"
#include "coppice/actor/task_supervisor.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/application.hpp"
#include "coppice/fault/point.hpp"
#include "coppice/process/output_log.hpp"
#include "coppice/process/program.hpp"
#include "coppice/process/reaper.hpp"
#include "coppice/server.hpp"
#include "coppice/version.hpp"
