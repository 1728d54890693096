// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <string>

namespace coppice::lab {

/// A time for a person: "5 s", "2.5 s", or "20 ms" where it is less than 0.1 s.
std::string time_text(std::chrono::milliseconds time);

} // namespace coppice::lab
