// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/handler.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The protocols that `coppice serve` knows by name.
namespace coppice::protocol {

/// `echo` first, which is the default.
std::vector<std::string> names();

/// The line that closes a connection.
inline constexpr std::string_view last_line = "stop";

/// Whether the protocol called `name` sends back each line but `last_line`.
bool echoes_lines(std::string_view name);

/// What makes handlers of the protocol called `name`; empty if there is none.
net::handler_factory find(std::string_view name);

} // namespace coppice::protocol
