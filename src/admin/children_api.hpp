// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/route.hpp"
#include "coppice/actor/runtime.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// The part of the API that asks supervisors to stop, start and restart their
/// children.
///
/// Thread-safe; waits for the supervisor, at most `patience`.
class children_api {
public:
  /// For each step. A request that takes longer is carried out once its last
  /// step was asked for, but its answer is 504.
  static constexpr std::chrono::seconds patience{4};

  explicit children_api(actor::runtime_ptr rt);

  /// Says which actor serves this API. Neither it nor an actor above it can be
  /// stopped here: its end would wait for the request that asks for it.
  void served_by(std::string path);

  std::vector<route> routes() const;

private:
  enum class request_kind { stop, start, restart };

  response change(request_kind what, const nlohmann::json& body) const;
  bool would_end_itself(std::string_view path) const;

  actor::runtime_ptr rt_;
  mutable std::mutex mutex_;
  std::string self_; // guarded by mutex_
};

} // namespace coppice::admin
