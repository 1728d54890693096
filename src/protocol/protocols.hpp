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

/// What makes handlers of the protocol called `name`; empty if there is none.
net::handler_factory find(std::string_view name);

} // namespace coppice::protocol
