// SPDX-License-Identifier: BSD-3-Clause

#include "commands/remote.hpp"

#include "server/exit_code.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace coppice::commands {

using nlohmann::json;

namespace {

constexpr auto server_options = "Server";

} // namespace

void add_admin(CLI::App& cmd, session& options) {
  cmd.add_option("--admin", options.admin, "where the server's admin API is")
    ->type_name("HOST:PORT")
    ->group(server_options)
    ->capture_default_str();
}

void add_admin_and_token(CLI::App& cmd, session& options) {
  add_admin(cmd, options);
  cmd
    .add_option("--token-file", options.token_file,
                "file with the server's admin token; the variable "
                "COPPICE_ADMIN_TOKEN goes first")
    ->type_name("FILE")
    ->group(server_options);
}

void add_json(CLI::App& cmd, bool& json, const char* resource) {
  cmd.add_flag("--json", json,
               std::string{"print the JSON of "} + resource + " as it is");
}

void add_path(CLI::App& cmd, std::string& path) {
  cmd
    .add_option("PATH", path,
                "an actor, as coppice tree --json shows it; the end of its "
                "path is enough if no other path ends the same way")
    ->required();
}

void add_listener(CLI::App& cmd, std::string& listener) {
  cmd.add_option("LISTENER", listener,
                 "name of a listener; not needed if there is only one");
}

admin::client looking_at(const session& options) {
  return {options.admin, {}};
}

admin::client changing(const session& options) {
  return {options.admin, read_token(options.token_file)};
}

std::optional<std::string> listener_of(const session& options,
                                       const std::string& listener, int& code) {
  if (!listener.empty())
    return listener;
  auto answer = looking_at(options).get("/listeners");
  if (answer.status != 200) {
    code = report(answer);
    return {};
  }
  auto body = json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("listeners")) {
    code = report_nonsense(options);
    return {};
  }
  auto& all = body["listeners"];
  if (all.size() == 1)
    return all[0]["name"];
  std::cerr << "coppice: the server has " << all.size()
            << " listeners: name one; coppice status lists them" << std::endl;
  code = usage;
  return {};
}

int report(const admin::answer& bad) {
  std::cerr << "coppice: " << bad.error << std::endl;
  return bad.status == 0 ? unreachable : failed;
}

int report_nonsense(const session& options) {
  std::cerr << "coppice: the answer from " << options.admin
            << " is not that of a coppice server; check --admin" << std::endl;
  return failed;
}

} // namespace coppice::commands
