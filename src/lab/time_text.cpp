// SPDX-License-Identifier: BSD-3-Clause

#include "lab/time_text.hpp"

namespace coppice::lab {

std::string time_text(std::chrono::milliseconds time) {
  if (time < std::chrono::milliseconds{100})
    return std::to_string(time.count()) + " ms";
  auto tenths = (time.count() + 50) / 100;
  auto result = std::to_string(tenths / 10);
  return (tenths % 10 == 0 ? result
                           : result + "." + std::to_string(tenths % 10))
         + " s";
}

} // namespace coppice::lab
