// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::fault {

/// `ECONNRESET`; empty if the number has no name in <cerrno>.
std::string_view errno_name(int number);

std::optional<int> errno_number(std::string_view name);

/// All that have a number.
std::vector<std::string> all_errno_names();

} // namespace coppice::fault
