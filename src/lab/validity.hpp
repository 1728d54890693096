// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/scenario.hpp"

#include <string>

namespace coppice::lab {

/// The error is what OTP would answer instead of starting `def`.
expected<void, std::string> check(const supervisor_def& def);

} // namespace coppice::lab
