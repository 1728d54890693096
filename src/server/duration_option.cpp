// SPDX-License-Identifier: BSD-3-Clause

#include "server/duration_option.hpp"

#include "server/duration.hpp"

namespace coppice {

argument<std::chrono::milliseconds> duration_of(const char* option,
                                                const std::string& text) {
  if (auto value = parse_duration(text))
    return *value;
  return wrong(option,
               "\"" + text + "\" is no duration such as 500ms, 8s or 2m");
}

argument<std::chrono::milliseconds> time_limit_of(const char* option,
                                                  const std::string& text) {
  auto result = duration_of(option, text);
  if (result && result->count() == 0)
    return wrong(option, "nobody can do it in no time: give 1ms or more");
  return result;
}

} // namespace coppice
