#include "commands/live_tree.hpp"

#include "commands/exit_code.hpp"
#include "commands/remote.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

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

} // namespace

int with_actor(const session& options, const std::string& path,
               const std::function<void(const json&)>& use) {
  auto answer = looking_at(options).get("/tree?connections=true");
  if (answer.status != 200)
    return report(answer);
  auto root = json::parse(answer.body, nullptr, false);
  if (!root.is_object())
    return report_nonsense(options);
  if (auto* node = find_node(root, path)) {
    use(*node);
    return done;
  }
  std::cerr << "coppice: there is no actor at \"" << path
            << "\"; coppice tree --json shows the paths" << std::endl;
  return failed;
}

} // namespace coppice::commands
