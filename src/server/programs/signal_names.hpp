// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::programs {

/// The number of a signal: `TERM`, `SIGTERM` or `RTMIN+3`; nothing if there is
/// none.
std::optional<int> signal_number(std::string_view name);

/// The names without `SIG`.
const std::vector<std::string>& signal_names();

} // namespace coppice::programs
