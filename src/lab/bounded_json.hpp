// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace coppice::lab {

/// How deep JSON may be nested: what looks at it later recurses.
constexpr int deepest = 200;

/// Whether JSON may have comments as in C++.
enum class comments { refused, allowed };

/// Reads JSON that is nested at most `deepest` levels. The error says what was
/// expected.
template <class Json>
expected<Json, std::string> parse_bounded(std::string_view text, comments how) {
  auto too_deep = false;
  auto look = [&](int depth, typename Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  try {
    auto value = Json::parse(text, look, true, how == comments::allowed);
    if (!too_deep)
      return value;
    return unexpected{"expected at most " + std::to_string(deepest)
                      + " levels, found more"};
  } catch (const typename Json::exception& err) { // or a number too large
    return unexpected{"expected JSON: " + std::string{err.what()}};
  }
}

} // namespace coppice::lab
