// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <string>

namespace coppice {

/// The duration that `option` was given. Throws `CLI::ValidationError` if
/// `text` is none.
std::chrono::milliseconds duration_of(const char* option,
                                      const std::string& text);

} // namespace coppice
