// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/response.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>

/// What the parts of the API answer with.
namespace coppice::admin {

// The sender of requests, in events.
inline constexpr std::string_view asked_here = "by the admin API";

// Text from outside may not be UTF-8, which JSON has to be. In ASCII, since a
// terminal may get it as it is.
inline std::string written(const nlohmann::json& value) {
  return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)
         + "\n";
}

inline response failure(int status, std::string message) {
  return {status, written({{"error", std::move(message)}})};
}

inline response nothing_at(const std::string& path) {
  return failure(404,
                 "there is nothing at " + path + "; GET / lists what there is");
}

inline response success(const nlohmann::json& body) {
  return {200, written(body)};
}

} // namespace coppice::admin
