#pragma once

#include "admin/response.hpp"
#include "coppice/actor/runtime.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

namespace coppice::admin {

/// What supervisors are asked to do with their children: POST /actors/stop,
/// /actors/start and /actors/restart, each with the text `path`.
///
/// Thread-safe; waits for the supervisor, at most `patience`.
class children_api {
public:
  /// What takes longer goes on, to its end, and the answer is 504.
  static constexpr std::chrono::seconds patience{4};

  explicit children_api(actor::runtime_ptr rt);

  /// Says which actor serves this API. Neither it nor anybody above it can be
  /// stopped here: its end would wait for the request that asks for it.
  void served_by(std::string path);

  static bool serves(std::string_view path);

  /// @pre `serves(path)`.
  response change(std::string_view path, const nlohmann::json& body) const;

private:
  bool would_end_itself(std::string_view path) const;

  actor::runtime_ptr rt_;
  mutable std::mutex mutex_;
  std::string self_; // guarded by mutex_
};

} // namespace coppice::admin
