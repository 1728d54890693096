#pragma once

#include "admin/api.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>

/// What the parts of the API answer with.
namespace coppice::admin {

// Who asks, in events.
inline constexpr std::string_view asked_here = "by the admin API";

// What came from outside need not be UTF-8, as JSON has to be.
inline std::string written(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
         + "\n";
}

inline response failure(int status, std::string message) {
  return {status, written({{"error", std::move(message)}})};
}

inline response nothing_at(const std::string& path) {
  return failure(404, "there is nothing at " + path + "; GET / says more");
}

inline response success(const nlohmann::json& body) {
  return {200, written(body)};
}

} // namespace coppice::admin
