#pragma once

#include <optional>
#include <string_view>

namespace coppice::net {

/// CPUs that this process may use: its affinity, or the quota of its cgroup if
/// that is less, rounded up. At least 1.
unsigned allowed_cpus();

/// The CPUs that the text of a cgroup's `cpu.max` allows, rounded up; nothing
/// if it sets no limit or is not such a text.
std::optional<unsigned> parse_cpu_max(std::string_view text);

} // namespace coppice::net
