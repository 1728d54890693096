// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/socket.hpp"

namespace coppice {

/// Keeps SIGTERM and SIGINT from ending the process, for `open_stop_signals`.
/// To be called before there are threads.
void block_stop_signals();

/// A descriptor that can be read when SIGINT or SIGTERM has come; both have to
/// be blocked (`block_stop_signals`). Throws `std::system_error` if there is
/// none.
net::socket open_stop_signals();

} // namespace coppice
