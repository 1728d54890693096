#pragma once

/// The GoogleTest kit: tests for supervision trees, coppice's or your own. See
/// docs/testing-kit.md.

#include "coppice/testing/event_history.hpp"
#include "coppice/testing/matchers.hpp"
#include "coppice/testing/supervised_test.hpp"
#include "coppice/testing/world.hpp"
