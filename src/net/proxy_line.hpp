// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/proxy_header.hpp"

#include <string_view>

namespace coppice::net {

/// `read_proxy_header` for version 1 alone: a line of text, at most 107 bytes.
proxy_header read_proxy_line(std::string_view bytes);

} // namespace coppice::net
