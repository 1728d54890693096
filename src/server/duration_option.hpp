// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/argument_error.hpp"

#include <chrono>
#include <string>

namespace coppice {

/// The duration that `option` was given.
argument<std::chrono::milliseconds> duration_of(const char* option,
                                                const std::string& text);

/// The same, where none at all makes no sense.
argument<std::chrono::milliseconds> time_limit_of(const char* option,
                                                  const std::string& text);

} // namespace coppice
