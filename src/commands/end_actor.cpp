// SPDX-License-Identifier: BSD-3-Clause

#include "commands/end_actor.hpp"

#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

int end_actor(const end_options& options) {
  int code = done;
  auto path = actor_at(options, options.path, code);
  if (!path)
    return code;
  nlohmann::json body{{"path", *path}, {"reason", options.reason}};
  auto answer = changing(options).post("/kill", body.dump());
  if (answer.status != 200)
    return report(answer);
  std::cout << "killed " << *path << " (" << options.reason << ")\n";
  return done;
}

} // namespace coppice::commands
