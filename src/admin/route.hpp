// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/request.hpp"
#include "admin/response.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// What a request must have before its handler is called.
enum class permission {
  look,   ///< Nothing.
  change, ///< The token, if there is one.
  fault,  ///< The same, and a server that allows faults.
};

/// What comes after the headers.
enum class body_kind {
  none,     ///< Nothing; what comes is ignored.
  optional, ///< A JSON object, or nothing, which stands for an empty one.
  object,   ///< A JSON object.
};

/// What an operation does to faults that may be on a lease.
enum class lease_effect {
  none,
  arms_points,    ///< May be on a lease …
  suspends,       ///< … and this …
  adds_toxic,     ///< … and this.
  disarms_points, ///< Clears what was put on a lease, as all below.
  disarms_all,
  resumes,
  removes_toxic,
  removes_toxics,
};

/// A request that may be answered.
struct call {
  const request& req;
  std::vector<std::string> names; ///< What the path has for each {NAME}.
  const nlohmann::json& body;     ///< An object.
};

/// One operation of the API. Requests are routed by a table of them, and
/// `GET /` is made from it.
struct route {
  std::string_view method;
  /// `/listeners/{listener}/limits`: each {NAME} is one segment of the path; at
  /// the end, {NAME...} is one or more.
  std::string_view pattern;
  permission needs;
  body_kind body;
  std::string_view help; ///< Half a line.
  std::function<response(const call&)> handler;
  lease_effect effect = lease_effect::none;
  /// For machines that watch: answered by threads that wait for no actor.
  bool probe = false;
};

/// What `path` has for each {NAME} of `pattern`; nothing if it does not fit.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              std::string_view path);

/// What `GET /` answers as text: a line for each operation.
std::string to_text(const std::vector<route>& routes);

} // namespace coppice::admin
