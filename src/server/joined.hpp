// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>

namespace coppice {

/// The texts one after the other, with `between` between them.
template <class Texts>
std::string joined(const Texts& texts, const char* between) {
  std::string result;
  auto first = true;
  for (auto& each : texts) {
    if (!first)
      result += between;
    result += each;
    first = false;
  }
  return result;
}

} // namespace coppice
