// SPDX-License-Identifier: BSD-3-Clause

#include "commands/child_request.hpp"

#include "commands/answers.hpp"
#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "observe/printable.hpp"
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
  auto path = actor_at(options, options.path);
  if (!path)
    return path.error();
  auto answer = changing(options).and_then([&](const admin::client& server) {
    return server.post("/actors/" + request,
                       in_ascii(nlohmann::json{{"path", *path}}));
  });
  if (!answer)
    return report(answer.error());
  std::cout << past << " " << observe::printable(*path) << "\n";
  return done;
}

} // namespace coppice::commands
