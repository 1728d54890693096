// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"

#include <optional>
#include <string>

namespace coppice::lab {

/// What OTP would answer instead of starting `def`, or nothing.
std::optional<std::string> mistake_in(const supervisor_def& def);

} // namespace coppice::lab
