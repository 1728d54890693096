// SPDX-License-Identifier: BSD-3-Clause

#include "admin_api.hpp"

#include <stdexcept>
#include <system_error>

namespace coppice_test {

namespace {

bool has_prefix(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

bool has_suffix(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size()
         && text.compare(text.size() - suffix.size(), suffix.size(), suffix)
              == 0;
}

bool all_running(const json& node) {
  if (node.at("state") != "running")
    return false;
  for (const auto& child : node.at("children")) {
    if (!all_running(child))
      return false;
  }
  return true;
}

} // namespace

const json* find_node(const json& root, const std::string& path) {
  if (root.at("path") == path)
    return &root;
  if (!root.contains("children"))
    return nullptr;
  for (const auto& child : root.at("children")) {
    if (const json* found = find_node(child, path))
      return found;
  }
  return nullptr;
}

std::vector<std::string>
paths_of(const json& root, const std::function<bool(const json&)>& wanted) {
  std::vector<std::string> result;
  if (wanted(root))
    result.push_back(root.at("path"));
  if (!root.contains("children"))
    return result;
  for (const auto& child : root.at("children")) {
    const auto below = paths_of(child, wanted);
    result.insert(result.end(), below.begin(), below.end());
  }
  return result;
}

bool is_worker(const json& node) {
  return node.at("type") == "worker" && !is_connection(node);
}

bool is_connection(const json& node) {
  return has_prefix(node.at("id"), "connection:");
}

int count_connections(const json& root) {
  int result = root.value("connections", 0);
  for (const auto& child : root.at("children"))
    result += count_connections(child);
  return result;
}

std::optional<lineage> lineage_of(const json& root, const std::string& path) {
  const json* node = find_node(root, path);
  if (node == nullptr || node->at("state") != "running")
    return std::nullopt;
  lineage result;
  for (auto end = path.find('/'); end != std::string::npos;
       end = path.find('/', end + 1)) {
    const json* ancestor = find_node(root, path.substr(0, end));
    if (ancestor == nullptr)
      return std::nullopt;
    result.push_back(ancestor->at("incarnation"));
  }
  result.push_back(node->at("incarnation"));
  return result;
}

std::optional<std::string> connection_of(const json& root,
                                         std::uint16_t client_port) {
  const std::string end = ":" + std::to_string(client_port);
  const auto found = paths_of(root, [&](const json& node) {
    return is_connection(node) && node.contains("peer")
           && has_suffix(node.at("peer"), end);
  });
  if (found.empty())
    return std::nullopt;
  return found.front();
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

json admin_api::read_tree(const std::string& target) {
  const http_response response = http_.get(target);
  if (response.status != 200)
    throw std::runtime_error("GET " + target + " -> "
                             + std::to_string(response.status));
  return json::parse(response.body);
}

json admin_api::tree() {
  return read_tree("/tree");
}

json admin_api::tree_with_connections() {
  return read_tree("/tree?connections=true");
}

int admin_api::kill(const std::string& path, const std::string& reason) {
  json body{{"path", path}};
  if (!reason.empty())
    body["reason"] = reason;
  return http_.post("/kill", body.dump()).status;
}

std::optional<lineage> admin_api::lineage_at(const std::string& path) {
  return lineage_of(tree(), path);
}

int admin_api::incarnation(const std::string& path) {
  const auto found = lineage_at(path);
  if (!found)
    throw std::runtime_error(path + " does not run");
  return found->back();
}

std::optional<json> admin_api::try_tree() {
  try {
    return tree();
  } catch (const std::exception&) {
    http_.disconnect();
    return std::nullopt;
  }
}

std::optional<lineage> admin_api::try_lineage_at(const std::string& path) {
  const auto now = try_tree();
  return now ? lineage_of(*now, path) : std::nullopt;
}

bool admin_api::await_restart(const std::string& path, const lineage& old) {
  return eventually([&] {
    const auto now = try_lineage_at(path);
    return now && *now != old;
  });
}

bool admin_api::healed() {
  const auto now = try_tree();
  return now && all_running(*now);
}

bool admin_api::await_healed() {
  return eventually([&] {
    try {
      return healed();
    } catch (const std::exception&) {
      return false; // what heals may be the admin API itself
    }
  });
}

std::optional<std::string>
admin_api::await_connection_of(std::uint16_t client_port) {
  std::optional<std::string> found;
  eventually([&] {
    found = connection_of(tree_with_connections(), client_port);
    return found.has_value();
  });
  return found;
}

bool admin_api::await_connections(int wanted) {
  return eventually([&] {
    const auto now = try_tree();
    return now && count_connections(*now) == wanted;
  });
}

} // namespace coppice_test
