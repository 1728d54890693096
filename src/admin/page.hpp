// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/response.hpp"

#include <optional>
#include <string_view>

namespace coppice::admin {

/// The web page: `/` and what it needs, `/page/NAME`. Nothing if `path` is no
/// part of it.
std::optional<response> page_file(std::string_view path);

} // namespace coppice::admin
