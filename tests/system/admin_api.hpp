// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "http_client.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace coppice_test {

using json = nlohmann::json;

/// The node with this path below (or at) `root`; null if there is none.
const json* find_node(const json& root, const std::string& path);

/// The paths of the nodes for which `wanted` holds, parents first.
std::vector<std::string>
paths_of(const json& root, const std::function<bool(const json&)>& wanted);

bool is_worker(const json& node);
bool is_connection(const json& node);

/// The sum of the "connections" of all hubs.
int count_connections(const json& root);

/// The incarnations from the root down to a running node: two values differ
/// exactly when the node, or one that it lives in, was started anew.
using lineage = std::vector<int>;

std::optional<lineage> lineage_of(const json& root, const std::string& path);

/// The path of the connection whose client has this local port.
std::optional<std::string> connection_of(const json& root,
                                         std::uint16_t client_port);

std::string parent_of(const std::string& path);

/// The tree of a running server, over its admin page.
class admin_api {
public:
  explicit admin_api(std::uint16_t port) : http_(port) {}

  json tree();
  json tree_with_connections();
  /// The status of `POST /kill`; without a reason if it is empty.
  int kill(const std::string& path, const std::string& reason = {});

  std::optional<lineage> lineage_at(const std::string& path);
  /// The same, and nothing while the admin page does not answer.
  std::optional<lineage> try_lineage_at(const std::string& path);
  int incarnation(const std::string& path);

  /// Waits until `path` runs with another lineage than `old`.
  bool await_restart(const std::string& path, const lineage& old);
  /// Whether every node of the tree runs.
  bool healed();
  /// Waits for it.
  bool await_healed();
  /// Waits for the connection whose client has this local port; its path.
  std::optional<std::string> await_connection_of(std::uint16_t client_port);
  /// Waits until the hubs count `wanted` connections.
  bool await_connections(int wanted);

private:
  json read_tree(const std::string& target);
  /// The tree, or nothing while the admin page is being restarted.
  std::optional<json> try_tree();

  http_client http_;
};

} // namespace coppice_test
