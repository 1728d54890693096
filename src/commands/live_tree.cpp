// SPDX-License-Identifier: BSD-3-Clause

#include "commands/live_tree.hpp"

#include "commands/answers.hpp"
#include "commands/complaint.hpp"
#include "commands/path_resolver.hpp"
#include "commands/remote.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

namespace coppice::commands {

using nlohmann::json;

namespace {

const json* find_node(answer_part node, const std::string& path) {
  if (node.at("path").text() == path)
    return &node.json();
  for (auto& child : node.at("children").elements())
    if (auto* found = find_node(child, path))
      return found;
  return nullptr;
}

void collect_paths(answer_part node, std::vector<std::string>& into) {
  into.push_back(node.at("path").text());
  for (auto& child : node.at("children").elements())
    collect_paths(child, into);
}

expected<std::string, int> resolve(const json& root,
                                   const std::string& wanted) {
  return resolve_path(wanted, paths_of(root))
    .map_error([&](const path_error& error) {
      complain_in_lines(error.text(wanted));
      return int{failed};
    });
}

// There may be very many connections: they are asked for only if one is meant.
bool names_connection(const std::string& path) {
  auto slash = path.rfind('/');
  return path.compare(slash == path.npos ? 0 : slash + 1, 11, "connection:")
         == 0;
}

} // namespace

expected<json, int> get_tree(const session& options, bool with_connections) {
  auto answer = looking_at(options).get(
    with_connections ? "/tree?connections=true" : "/tree");
  if (!answer)
    return unexpected{report(answer.error())};
  return json_of(*answer);
}

std::vector<std::string> paths_of(const json& node) {
  std::vector<std::string> result;
  collect_paths(answer_part{node}, result);
  return result;
}

expected<std::string, int> actor_at(const session& options,
                                    const std::string& wanted) {
  return get_tree(options, names_connection(wanted))
    .and_then([&](const json& root) { return resolve(root, wanted); });
}

int with_actor(const session& options, const std::string& wanted,
               const std::function<void(const json&)>& use) {
  auto root = get_tree(options, true);
  if (!root)
    return root.error();
  auto path = resolve(*root, wanted);
  if (!path)
    return path.error();
  use(*find_node(answer_part{*root}, *path));
  return done;
}

} // namespace coppice::commands
