// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <string>
#include <string_view>

namespace coppice::actor {
struct runtime;
} // namespace coppice::actor

/// What can be done to programs that others cannot. All functions: any thread.
namespace coppice::process {

/// Whether the actor at `path` is a program. It can end for reasons of its own
/// only: it can be killed, or asked to end, but not given a reason.
bool is_program(const actor::runtime& rt, std::string_view path);

/// Sends a signal to the program at `path`, to its leader; the error is a
/// sentence. An event says that `on_behalf` asked for it, unless that is empty.
expected<void, std::string> send_signal(actor::runtime& rt,
                                        std::string_view path, int number,
                                        std::string_view on_behalf = {});

} // namespace coppice::process
