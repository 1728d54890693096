// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <optional>
#include <string_view>

namespace coppice::fault {

/// `ECONNRESET`; empty if the number has no name in <cerrno>.
std::string_view errno_name(int number);

std::optional<int> errno_number(std::string_view name);

} // namespace coppice::fault
