// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/colours.hpp"
#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "commands/tree_drawing.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

namespace {

struct children_options : session {
  std::string path;
  bool json = false;
};

void declare_children(CLI::App& cmd, children_options& options) {
  add_path(cmd, options.path);
  add_json(cmd, options.json, "\"children\" in GET /tree");
  add_admin(cmd, options);
}

int show_children(const children_options& options) {
  return with_actor(options, options.path, [&](const nlohmann::json& node) {
    if (options.json) {
      std::cout << in_ascii(node["children"]) << "\n";
      return;
    }
    auto flat = node;
    for (auto& child : flat["children"])
      child["children"] = nlohmann::json::array();
    std::cout << draw_tree(flat, colours());
  });
}

} // namespace

command children_command() {
  return command_of<children_options>("children", group::look,
                                      "list the children of a supervisor",
                                      declare_children, show_children);
}

} // namespace coppice::commands
