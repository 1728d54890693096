// SPDX-License-Identifier: BSD-3-Clause

#include "admin/bounded_http.hpp"
#include "admin/client.hpp"
#include "commands/answers.hpp"
#include "commands/complaint.hpp"
#include "commands/remote.hpp"
#include "commands/running_servers.hpp"
#include "commands/table.hpp"
#include "coppice/settings.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

namespace coppice::commands {

namespace {

struct healthcheck_options {
  std::string admin; // empty: to be found
  std::string ca;
  bool live_only = false;
};

void declare_healthcheck(CLI::App& cmd, healthcheck_options& options) {
  cmd
    .add_option("--admin", options.admin,
                "where the server's admin API is; or https://HOST:PORT, or "
                "unix:PATH; default: where the coppice serve that runs here "
                "has it")
    ->type_name("HOST:PORT")
    ->check([](const std::string& text) {
      auto where = admin::parse_authority(text);
      return where ? std::string{} : where.error();
    });
  add_admin_ca(cmd, options.ca);
  cmd.add_flag("--live", options.live_only,
               "ask only whether the process is alive, not whether it is "
               "ready for clients");
}

// Where to ask; nothing if the answer is known already: then it is in `code`.
std::optional<std::string> find_admin(int& code) {
  auto all = running_servers();
  // In a container it is the first process, whatever else runs there.
  if (all.size() > 1 && all.front().pid == 1)
    all.resize(1);
  if (all.empty())
    return admin_settings{}.where;
  auto number = "process " + std::to_string(all.front().pid);
  if (all.size() > 1) {
    complain(std::to_string(all.size())
             + " servers run here; name one with --admin");
    code = unreachable;
    return {};
  }
  auto admin = admin_of(all.front());
  if (admin == "off") {
    std::cout << "the server runs (" << number
              << "); its admin API is off, so nothing more can be known"
              << std::endl;
    code = done;
    return {};
  }
  if (admin.ends_with(":0")) {
    complain("the kernel picked the admin port of the server (" + number
             + "); name it with --admin");
    code = unreachable;
    return {};
  }
  return admin;
}

using steady = std::chrono::steady_clock;

// For all questions together: the image's health check has 3 s.
constexpr std::chrono::milliseconds longest_check{2000};

// Whether `body` has a `name` that is true or false, and which; nothing if it
// does not say.
std::optional<bool> verdict_in(const std::string& body, const char* name) {
  try {
    auto json = json_of(body);
    return answer_part{json}.at(name).flag();
  } catch (const foreign_answer&) {
    return {};
  }
}

// Whether the admin port has no room for the question: it says nothing about
// the health of the server then, and may answer the next time.
bool is_busy(const admin::request_error& why, const char* name) {
  constexpr int unavailable = 503;
  return why.why == admin::request_error::code::cut_off
         || (why.status == unavailable && !verdict_in(why.body, name));
}

// What `server` answers to `resource`, in the time that is left until `end`.
admin::answer ask_before(steady::time_point end, const admin::client& server,
                         const char* resource) {
  using std::chrono::milliseconds;
  // Also the last question has some time.
  constexpr milliseconds shortest{50};
  auto left = std::chrono::duration_cast<milliseconds>(end - steady::now());
  return server.within(std::max(left, shortest)).get(resource);
}

// Asks `resource`, whose answer has a `name` that is true or false.
int ask(const admin::client& server, const std::string& where,
        const char* resource, const char* name, steady::time_point end) {
  constexpr std::chrono::milliseconds again_after{100};
  auto answer = ask_before(end, server, resource);
  auto times = 1;
  while (!answer && is_busy(answer.error(), name)
         && steady::now() + again_after < end) {
    std::this_thread::sleep_for(again_after);
    answer = ask_before(end, server, resource);
    ++times;
  }
  if (answer) {
    if (verdict_in(*answer, name).value_or(false))
      return done;
    complain(admin::not_coppice(where));
    return unreachable;
  }
  auto& why = answer.error();
  if (why.why == admin::request_error::code::refused
      && verdict_in(why.body, name)) {
    complain(why.message);
    return failed;
  }
  complain(times == 1
             ? why.message
             : "no answer about its health, asked " + std::to_string(times)
                 + " times; at last: " + why.message);
  return unreachable;
}

// A server of this machine that was found. Where it speaks TLS, its certificate
// is not looked at: it is for the name by which others know the server. Nothing
// secret is sent.
admin::client found_at(const std::string& admin, steady::time_point end) {
  admin::client plain{admin, {}};
  auto answer = ask_before(end, plain, "/livez");
  if (answer || !verdict_in(answer.error().body, "tls").value_or(false))
    return plain;
  return {"https://" + admin, {}, {.verifies = false}};
}

int check_health(const healthcheck_options& options) {
  int code = done;
  auto admin
    = options.admin.empty() ? find_admin(code) : std::optional{options.admin};
  if (!admin)
    return code;
  auto end = steady::now() + longest_check;
  auto server = options.admin.empty()
                  ? found_at(*admin, end)
                  : admin::client{*admin, {}, {.ca_file = options.ca}};
  code = ask(server, *admin, "/livez", "alive", end);
  if (code == done && !options.live_only)
    code = ask(server, *admin, "/readyz", "ready", end);
  if (code == done)
    std::cout << (options.live_only ? "alive" : "alive and ready") << std::endl;
  return code;
}

} // namespace

command healthcheck_command() {
  return command_of<healthcheck_options>(
    "healthcheck", group::look,
    "say whether a server is alive and ready: exit 0, or 1 with the reason",
    declare_healthcheck, check_health);
}

} // namespace coppice::commands
