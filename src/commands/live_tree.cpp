// SPDX-License-Identifier: BSD-3-Clause

#include "commands/live_tree.hpp"

#include "commands/path_resolver.hpp"
#include "commands/remote.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <variant>

namespace coppice::commands {

using nlohmann::json;

namespace {

const json* find_node(const json& node, const std::string& path) {
  if (node.value("path", "") == path)
    return &node;
  if (auto children = node.find("children"); children != node.end())
    for (auto& child : *children)
      if (auto* found = find_node(child, path))
        return found;
  return nullptr;
}

void collect_paths(const json& node, std::vector<std::string>& into) {
  if (auto path = node.find("path"); path != node.end() && path->is_string())
    into.push_back(*path);
  if (auto children = node.find("children"); children != node.end())
    for (auto& child : *children)
      collect_paths(child, into);
}

std::optional<json> get_tree(const session& options, bool with_connections,
                             int& code) {
  auto answer = looking_at(options).get(
    with_connections ? "/tree?connections=true" : "/tree");
  if (answer.status != 200) {
    code = report(answer);
    return {};
  }
  auto root = json::parse(answer.body, nullptr, false);
  if (root.is_object())
    return root;
  code = report_nonsense(options);
  return {};
}

std::optional<std::string> resolve(const json& root, const std::string& wanted,
                                   int& code) {
  auto found = resolve_path(wanted, paths_of(root));
  if (auto* error = std::get_if<path_error>(&found)) {
    std::cerr << "coppice: " << error->text(wanted) << std::endl;
    code = failed;
    return {};
  }
  return std::get<std::string>(std::move(found));
}

// There may be very many connections: they are asked for only if one is meant.
bool names_connection(const std::string& path) {
  auto slash = path.rfind('/');
  return path.compare(slash == path.npos ? 0 : slash + 1, 11, "connection:")
         == 0;
}

} // namespace

std::vector<std::string> paths_of(const json& node) {
  std::vector<std::string> result;
  collect_paths(node, result);
  return result;
}

std::optional<std::string> actor_at(const session& options,
                                    const std::string& wanted, int& code) {
  auto root = get_tree(options, names_connection(wanted), code);
  return root ? resolve(*root, wanted, code) : std::nullopt;
}

int with_actor(const session& options, const std::string& wanted,
               const std::function<void(const json&)>& use) {
  int code = done;
  auto root = get_tree(options, true, code);
  if (!root)
    return code;
  auto path = resolve(*root, wanted, code);
  if (!path)
    return code;
  use(*find_node(*root, *path));
  return done;
}

} // namespace coppice::commands
