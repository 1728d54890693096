// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/colours.hpp"
#include "commands/live_tree.hpp"
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
  auto root = get_tree(options, options.connections);
  if (!root)
    return root.error();
  auto drawn = draw_tree(*root, colours());
  std::cout << (options.json ? in_ascii(*root) + "\n" : drawn);
  return done;
}

} // namespace

command tree_command() {
  return command_of<tree_options>("tree", group::look,
                                  "draw the supervision tree of a server",
                                  declare_tree, show_tree);
}

} // namespace coppice::commands
