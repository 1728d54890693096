// SPDX-License-Identifier: BSD-3-Clause

#include "commands/live_tree.hpp"
#include "commands/real_clock.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "fault/names.hpp"
#include "server/duration_option.hpp"
#include "server/exit_code.hpp"
#include "server/server_loop.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <optional>
#include <utility>

namespace coppice::commands {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds looks_every{200};

struct watch_options : session {
  std::string pattern; ///< Empty: all actors.
  std::string length;  ///< Empty: until a signal.
  bool connections = false;
  bool json = false;
};

void declare_watch(CLI::App& cmd, watch_options& options) {
  cmd.add_option("PATTERN", options.pattern,
                 "only these actors: the path of one, or its end; * stands for "
                 "any characters: 'acceptor:*'");
  cmd.add_option("--for", options.length, "end after this time")
    ->type_name("TIME");
  cmd.add_flag("--connections", options.connections,
               "show also which connections open and close");
  cmd.add_flag("--json", options.json, "print one JSON object a line");
  add_admin(cmd, options);
}

// While it lives, SIGINT and SIGTERM wait until they are asked for.
class without_interruption {
public:
  without_interruption() {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before_);
    block_stop_signals();
  }
  ~without_interruption() {
    // A second Ctrl-C was meant for this command, too.
    sigset_t both;
    ::sigemptyset(&both);
    ::sigaddset(&both, SIGINT);
    ::sigaddset(&both, SIGTERM);
    const timespec no_time{};
    while (::sigtimedwait(&both, nullptr, &no_time) > 0)
      continue;
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  without_interruption(const without_interruption&) = delete;
  without_interruption& operator=(const without_interruption&) = delete;

private:
  sigset_t before_{};
};

void print_event(const json& event, bool as_json) {
  if (as_json)
    std::cout << event.dump() << "\n";
  else
    std::cout << event["time"].get<std::string>() << " "
              << event["severity"].get<std::string>() << " "
              << event["text"].get<std::string>() << "\n";
}

// Reads one list of events, from now on.
class follower {
public:
  explicit follower(std::string resource) : resource_(std::move(resource)) {
    // nop
  }

  // Prints the new events; an exit code if that fails.
  std::optional<int> look(admin::client& server, const watch_options& options) {
    auto answer = server.get(resource_ + "?since=" + std::to_string(since_));
    if (answer.status != 200)
      return report(answer);
    auto news = json::parse(answer.body, nullptr, false);
    if (!news.is_object() || !news.contains("last_seq"))
      return report_nonsense(options);
    if (auto missed = news.value("missed", std::uint64_t{0}); missed > 0)
      std::cerr << "coppice: " << missed << " events came too fast to be shown"
                << (resource_ == "/events" ? "; coppice events lists them" : "")
                << std::endl;
    auto& events = news["events"];
    for (auto& each : events)
      if (options.pattern.empty()
          || fault::matches_path(options.pattern,
                                 each["path"].get<std::string>()))
        print_event(each, options.json);
    std::cout.flush();
    since_ = events.empty() ? news["last_seq"] : events.back()["seq"];
    return {};
  }

private:
  std::string resource_;
  std::uint64_t since_ = UINT64_MAX; // nothing of the past, but where it ends
};

// A pattern may fit actors that do not exist yet; a path has to be that of one.
int resolve_pattern(watch_options& options) {
  if (options.pattern.empty() || options.pattern.find('*') != std::string::npos)
    return done;
  int code = done;
  if (auto path = actor_at(options, options.pattern, code))
    options.pattern = *path;
  return code;
}

int watch(const watch_options& given) {
  auto options = given;
  if (auto code = resolve_pattern(options); code != done)
    return code;
  std::optional<std::chrono::milliseconds> length;
  if (!options.length.empty())
    length = duration_of("--for", options.length);
  auto server = looking_at(options);
  without_interruption alone;
  real_clock clock{[] {
    // nop: there is nothing else to do
  }};
  follower events{"/events"};
  follower connections{"/connections"};
  do {
    if (auto failed = events.look(server, options))
      return *failed;
    if (options.connections)
      if (auto failed = connections.look(server, options))
        return *failed;
  } while (clock.wait_until(clock.now() + looks_every)
           && (!length || clock.now() < *length));
  return done;
}

} // namespace

command watch_command() {
  return command_of<watch_options>("watch", group::look,
                                   "show what happens, until Ctrl-C",
                                   declare_watch, watch);
}

} // namespace coppice::commands
