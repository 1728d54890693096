// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// The GoogleTest kit: tests for supervision trees, coppice's or your own. See
/// docs/guide/testing-kit.md.

#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/spawns.hpp"
#include "coppice/fault/point.hpp"
#include "coppice/testing/event_history.hpp"
#include "coppice/testing/faults.hpp"
#include "coppice/testing/matchers.hpp"
#include "coppice/testing/supervised_test.hpp"
#include "coppice/testing/tcp_client.hpp"
#include "coppice/testing/world.hpp"
