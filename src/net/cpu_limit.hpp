// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/reactor.hpp"

#include <optional>
#include <string_view>

namespace coppice::net {

/// The CPUs that the text of a cgroup's `cpu.max` allows, rounded up; nothing
/// if it sets no limit or is not such a text.
std::optional<unsigned> parse_cpu_max(std::string_view text);

} // namespace coppice::net
