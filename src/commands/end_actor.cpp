#include "commands/end_actor.hpp"

#include "commands/exit_code.hpp"
#include "commands/remote.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

int end_actor(const end_options& options) {
  nlohmann::json body{{"path", options.path}, {"reason", options.reason}};
  auto answer = changing(options).post("/kill", body.dump());
  if (answer.status != 200)
    return report(answer);
  std::cout << "killed " << options.path << " (" << options.reason << ")\n";
  return done;
}

} // namespace coppice::commands
