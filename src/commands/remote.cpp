// SPDX-License-Identifier: BSD-3-Clause

#include "commands/remote.hpp"

#include "admin/bounded_http.hpp"
#include "commands/answers.hpp"
#include "commands/complaint.hpp"
#include "fault/names.hpp"
#include "server/exit_code.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace coppice::commands {

namespace {

constexpr auto server_options = "Server";

} // namespace

void add_admin(CLI::App& cmd, session& options) {
  cmd
    .add_option("--admin", options.admin,
                "where the server's admin API is; or https://HOST:PORT, or "
                "unix:PATH")
    ->type_name("HOST:PORT")
    ->group(server_options)
    ->check([](const std::string& text) {
      auto where = admin::parse_authority(text);
      return where ? std::string{} : where.error();
    })
    ->capture_default_str();
  add_admin_ca(cmd, options.admin_ca);
}

void add_admin_ca(CLI::App& cmd, std::string& file) {
  cmd
    .add_option("--admin-ca", file,
                "with https://: the authority that the server's certificate "
                "comes from, or that certificate (PEM); default: the system's")
    ->type_name("FILE")
    ->group(server_options);
}

void add_admin_and_token(CLI::App& cmd, session& options) {
  add_admin(cmd, options);
  cmd
    .add_option("--token-file", options.token_file,
                "file with the server's admin token; goes before the variable "
                "COPPICE_ADMIN_TOKEN")
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
  return {options.admin, {}, {.ca_file = options.admin_ca}};
}

expected<admin::client, admin::request_error> changing(const session& options) {
  auto token = read_token(options.token_file);
  if (!token)
    return unexpected{admin::request_error{admin::request_error::code::not_sent,
                                           std::move(token.error())}};
  return admin::client{
    options.admin, *std::move(token), {.ca_file = options.admin_ca}};
}

expected<std::string, int> listener_of(const session& options,
                                       const std::string& listener) {
  auto answer = looking_at(options).get("/listeners");
  if (!answer)
    return unexpected{report(answer.error())};
  auto body = json_of(*answer);
  std::vector<std::string> names;
  for (auto& each : answer_part{body}.at("listeners").elements()) {
    names.push_back(each.at("name").text());
    auto path = each.at("path").text();
    if (listener == names.back() || listener == "listener:" + names.back()
        || (!path.empty() && listener == path))
      return names.back();
  }
  if (listener.empty() && names.size() == 1)
    return names.front();
  if (listener.empty()) {
    complain("the server has " + std::to_string(names.size())
             + " listeners: name one; coppice status lists them");
    return unexpected{int{usage}};
  }
  auto meant = fault::did_you_mean(listener, names);
  complain("there is no listener \"" + listener + "\""
           + (meant.empty() ? "; coppice status lists them" : meant));
  return unexpected{int{failed}};
}

bool cut_off(const admin::answer& what) {
  return !what && what.error().why == admin::request_error::code::cut_off;
}

end_watch::end_watch(const admin::client& there) : there_(there) {
  // nop
}

bool end_watch::is_over() {
  using clock = std::chrono::steady_clock;
  // Also an admin port that is being restarted is closed for a moment.
  constexpr std::chrono::seconds sure_after{1};
  auto answer = there_.get("/livez");
  auto now = clock::now();
  if (answer || answer.error().why != admin::request_error::code::unreachable)
    gone_since_.reset();
  else if (!gone_since_)
    gone_since_ = now;
  return gone_since_ && now - *gone_since_ >= sure_after;
}

bool end_watch::is_there() const noexcept {
  return !gone_since_;
}

bool ends(const admin::client& there) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds limit{3};
  constexpr std::chrono::milliseconds look_again_after{20};
  auto until = clock::now() + limit;
  end_watch watch{there};
  while (!watch.is_over()) {
    if (watch.is_there() && clock::now() >= until)
      return false;
    std::this_thread::sleep_for(look_again_after);
  }
  return true;
}

int report(const admin::request_error& bad) {
  complain(bad.message);
  switch (bad.why) {
  case admin::request_error::code::not_sent:
  case admin::request_error::code::refused:
    return failed;
  case admin::request_error::code::unreachable:
  case admin::request_error::code::silent:
  case admin::request_error::code::cut_off:
  case admin::request_error::code::foreign:
    return unreachable;
  }
  return failed;
}

} // namespace coppice::commands
