#include "coppice/cli/remote.hpp"

#include "coppice/cli/exit_code.hpp"
#include "coppice/cli/token.hpp"
#include "coppice/cli/tree_drawing.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::cli {

int report(const admin::answer& bad) {
  std::cerr << "coppice: " << bad.error << std::endl;
  return bad.status == 0 ? unreachable : failed;
}

int show_tree(const tree_options& options) {
  admin::client server{options.remote.admin, {}};
  auto answer
    = server.get(options.connections ? "/tree?connections=true" : "/tree");
  if (answer.status != 200)
    return report(answer);
  if (options.json) {
    std::cout << answer.body;
    return done;
  }
  auto root = nlohmann::json::parse(answer.body, nullptr, false);
  if (root.is_discarded()) {
    std::cerr << "coppice: " << options.remote.admin
              << " does not speak as a coppice server does" << std::endl;
    return failed;
  }
  std::cout << draw_tree(root);
  return done;
}

int kill(const kill_options& options) {
  admin::client server{options.remote.admin,
                       read_token(options.remote.token_file)};
  nlohmann::json body{{"path", options.path}, {"reason", options.reason}};
  auto answer = server.post("/kill", body.dump());
  if (answer.status != 200)
    return report(answer);
  std::cout << "killed " << options.path << " (" << options.reason << ")\n";
  return done;
}

} // namespace coppice::cli
