// SPDX-License-Identifier: BSD-3-Clause

#include "admin/bounded_http.hpp"
#include "commands/answers.hpp"
#include "commands/complaint.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "observe/printable.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <iostream>

namespace coppice::commands {

namespace {

// A file may have many mistakes.
constexpr std::size_t longest_answer = 64 * observe::shown_at_most;

struct reload_options : session {};

void declare_reload(CLI::App& cmd, reload_options& options) {
  add_admin_and_token(cmd, options);
}

int reload_server(const reload_options& options) {
  auto server = changing(options);
  if (!server)
    return report(server.error());
  auto answer = server->post("/reload", "");
  if (!answer && answer.error().why == admin::request_error::code::refused) {
    complain_in_lines(answer.error().message); // one for each mistake in a file
    return failed;
  }
  if (!answer)
    return report(answer.error());
  auto body = json_of(*answer);
  std::cout << observe::printable_lines(answer_part{body}.at("text").text(),
                                        longest_answer)
            << "\n";
  return done;
}

} // namespace

command reload_command() {
  return command_of<reload_options>("reload", group::act,
                                    "have the server read its configuration "
                                    "and certificates again, as SIGHUP does",
                                    declare_reload, reload_server);
}

} // namespace coppice::commands
