// SPDX-License-Identifier: BSD-3-Clause

#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "commands/tree_drawing.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

namespace {

struct tree_options : session {
  bool json = false;
  bool connections = false;
};

void declare_tree(CLI::App& cmd, tree_options& options) {
  add_json(cmd, options.json, "GET /tree");
  cmd.add_flag("--connections", options.connections,
               "list the connections, too");
  add_admin(cmd, options);
}

int show_tree(const tree_options& options) {
  auto answer = looking_at(options).get(
    options.connections ? "/tree?connections=true" : "/tree");
  if (answer.status != 200)
    return report(answer);
  if (options.json) {
    std::cout << answer.body;
    return done;
  }
  auto root = nlohmann::json::parse(answer.body, nullptr, false);
  if (!root.is_object())
    return report_nonsense(options);
  std::cout << draw_tree(root);
  return done;
}

} // namespace

command tree_command() {
  return command_of<tree_options>("tree", group::look,
                                  "draw the supervision tree of a server",
                                  declare_tree, show_tree);
}

} // namespace coppice::commands
