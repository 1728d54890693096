// SPDX-License-Identifier: BSD-3-Clause

#include "server/name.hpp"

#include <algorithm>

namespace coppice {

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

} // namespace coppice
