// SPDX-License-Identifier: BSD-3-Clause

#include "commands/child_request.hpp"

#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

void declare_child(CLI::App& cmd, child_options& options) {
  add_path(cmd, options.path);
  add_admin_and_token(cmd, options);
}

int request_of_child(const child_options& options, const std::string& request,
                     const std::string& past) {
  int code = done;
  auto path = actor_at(options, options.path, code);
  if (!path)
    return code;
  auto answer = changing(options).post("/actors/" + request,
                                       nlohmann::json{{"path", *path}}.dump());
  if (answer.status != 200)
    return report(answer);
  std::cout << past << " " << *path << "\n";
  return done;
}

} // namespace coppice::commands
