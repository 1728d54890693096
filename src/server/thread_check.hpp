// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>

namespace coppice {

/// Why this process cannot have `wanted` more threads: it tries. Empty: it can,
/// as long as no other process takes them meanwhile.
std::string lacks_threads(unsigned wanted);

} // namespace coppice
