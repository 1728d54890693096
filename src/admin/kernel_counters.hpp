// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace coppice::admin {

/// The counters `TcpExt` in the text of /proc/net/netstat, by their names
/// there. Empty if it is no such text.
std::map<std::string, std::uint64_t, std::less<>>
tcp_counters(std::string_view netstat);

/// Those of the network namespace of this process; empty if the kernel does not
/// tell.
std::map<std::string, std::uint64_t, std::less<>> tcp_counters_now();

} // namespace coppice::admin
