// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <string>

namespace coppice {

/// Tries whether this process can have `wanted` more threads, as long as no
/// other process takes them meanwhile; else says why not.
expected<void, std::string> check_threads(unsigned wanted);

} // namespace coppice
