// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>

namespace coppice::commands {

namespace {

constexpr std::size_t name_columns = 18;

struct info_options : session {
  std::string path;
  bool json = false;
};

void declare_info(CLI::App& cmd, info_options& options) {
  add_path(cmd, options.path);
  add_json(cmd, options.json, "the actor in GET /tree");
  add_admin(cmd, options);
}

void print_field(const std::string& name, const std::string& value) {
  auto gap = name_columns - std::min(name.size(), name_columns - 1);
  std::cout << "  " << name << std::string(gap, ' ') << value << "\n";
}

int show_info(const info_options& options) {
  return with_actor(options, options.path, [&](const nlohmann::json& node) {
    if (options.json) {
      std::cout << in_ascii(node) << "\n";
      return;
    }
    answer_part actor{node};
    for (auto& [name, value] : actor.members())
      if (name != "children")
        print_field(name, value.shown_plain());
    print_field("children",
                std::to_string(actor.at("children").elements().size()));
  });
}

} // namespace

command info_command() {
  return command_of<info_options>("info", group::look,
                                  "show everything about one actor",
                                  declare_info, show_info);
}

} // namespace coppice::commands
