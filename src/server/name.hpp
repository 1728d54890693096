// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string_view>

namespace coppice {

/// Whether a root, a listener or a program may be called so: letters, digits
/// and `_-.`.
bool is_name(std::string_view text);

} // namespace coppice
