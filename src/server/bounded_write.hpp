// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <string_view>

namespace coppice {

/// Writes `text` to a descriptor, but waits no longer than `limit` for a slow
/// reader: the rest is lost then. Any thread.
void write_within(int fd, std::string_view text,
                  std::chrono::milliseconds limit);

} // namespace coppice
