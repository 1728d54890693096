// SPDX-License-Identifier: BSD-3-Clause

#include "commands/answers.hpp"
#include "commands/checked_argument.hpp"
#include "commands/complaint.hpp"
#include "commands/live_tree.hpp"
#include "commands/real_clock.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "fault/names.hpp"
#include "server/duration_option.hpp"
#include "server/exit_code.hpp"
#include "server/stop_signals.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <optional>
#include <utility>

namespace coppice::commands {

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

void print_event(answer_part event, bool as_json) {
  auto line = event.at("time").shown() + " " + event.at("severity").shown()
              + " " + event.at("text").shown();
  std::cout << (as_json ? in_ascii(event.json()) : line) << "\n";
}

// Reads one list of events, from now on.
class follower {
public:
  explicit follower(std::string resource) : resource_(std::move(resource)) {
    // nop
  }

  // Prints the new events; the error is the exit code if that fails.
  expected<void, int> look(const admin::client& server,
                           const watch_options& options) {
    auto answer = server.get(resource_ + "?since=" + std::to_string(since_));
    if (!answer)
      return unexpected{report(answer.error())};
    auto body = json_of(*answer);
    answer_part news{body};
    auto last = news.at("last_seq").number();
    auto missed = news.find("missed");
    if (missed && missed->number() > 0)
      complain(std::to_string(missed->number())
               + " events came too fast to be shown"
               + (resource_ == "/events" ? "; coppice events lists them" : ""));
    auto events = news.at("events").elements();
    for (auto& each : events)
      if (options.pattern.empty()
          || fault::matches_path(options.pattern, each.at("path").text()))
        print_event(each, options.json);
    since_ = events.empty() ? last : events.back().at("seq").number();
    if (!std::cout.flush())
      return unexpected{int{failed}};
    return {};
  }

private:
  std::string resource_;
  std::uint64_t since_ = UINT64_MAX; // nothing of the past, but where it ends
};

// A pattern may fit actors that do not exist yet; a path has to be that of one.
expected<std::string, int> pattern_of(const watch_options& options) {
  auto& pattern = options.pattern;
  if (pattern.empty() || pattern.find('*') != std::string::npos)
    return pattern;
  return actor_at(options, pattern);
}

int watch(const watch_options& given) {
  auto options = given;
  auto pattern = pattern_of(options);
  if (!pattern)
    return pattern.error();
  options.pattern = *pattern;
  std::optional<std::chrono::milliseconds> length;
  if (!options.length.empty())
    length = checked_argument(duration_of("--for", options.length));
  auto server = looking_at(options);
  without_interruption alone;
  real_clock clock{[] {
    // nop: there is nothing else to do
  }};
  follower events{"/events"};
  follower connections{"/connections"};
  do {
    if (auto shown = events.look(server, options); !shown)
      return shown.error();
    if (options.connections)
      if (auto shown = connections.look(server, options); !shown)
        return shown.error();
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
