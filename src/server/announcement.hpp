// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>

namespace coppice {

class host;

/// What a program prints once it serves: where it is, and what to do next.
std::string announcement(const host& started);

} // namespace coppice
