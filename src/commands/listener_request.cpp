// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_request.hpp"

#include "commands/listener_drawing.hpp"
#include "commands/remote.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

using nlohmann::json;

void declare_listener(CLI::App& cmd, listener_options& options) {
  add_listener(cmd, options.listener);
  add_admin_and_token(cmd, options);
}

int request_of_listener(const listener_options& options,
                        const std::string& request, const json& body) {
  auto server = changing(options);
  int code = done;
  auto name = listener_of(options, options.listener, code);
  if (!name)
    return code;
  auto answer = server.post("/listeners/" + *name + "/" + request, body.dump());
  if (answer.status != 200)
    return report(answer);
  auto now = json::parse(answer.body, nullptr, false);
  if (!now.is_object())
    return report_nonsense(options);
  std::cout << draw_listeners(json{{"listeners", {now}}});
  return done;
}

} // namespace coppice::commands
