#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/admin/response.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace coppice::admin {

/// What supervisors are asked to do with their children: POST /actors/stop,
/// /actors/start and /actors/restart, each with the text `path`.
///
/// Thread-safe; waits for the supervisor, at most `patience`.
class children_api {
public:
  /// A child that takes longer to end or to start goes on with that, and the
  /// answer is 504.
  static constexpr std::chrono::seconds patience{4};

  explicit children_api(actor::runtime_ptr rt);

  static bool serves(std::string_view path);

  /// @pre `serves(path)`.
  response change(std::string_view path, const nlohmann::json& body) const;

private:
  actor::runtime_ptr rt_;
};

} // namespace coppice::admin
