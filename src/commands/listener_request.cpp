// SPDX-License-Identifier: BSD-3-Clause

#include "commands/listener_request.hpp"

#include "admin/bounded_http.hpp"
#include "commands/answers.hpp"
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
  if (!server)
    return report(server.error());
  auto name = listener_of(options, options.listener);
  if (!name)
    return name.error();
  auto answer = server->post(
    "/listeners/" + admin::in_url(*name) + "/" + request, in_ascii(body));
  if (!answer)
    return report(answer.error());
  std::cout << draw_listeners(json{{"listeners", {json_of(*answer)}}});
  return done;
}

} // namespace coppice::commands
