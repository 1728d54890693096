// The subcommands for single actors of a running server.

#include "server/duration_option.hpp"

#include "commands/real_clock.hpp"
#include "commands/remote.hpp"
#include "commands/tree_drawing.hpp"
#include "fault/names.hpp"
#include "nemesis/aim.hpp"
#include "server/exit_code.hpp"
#include "server/server_loop.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>

namespace coppice::commands {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds looks_every{200};

const json* find(const json& node, const std::string& path) {
  if (node.value("path", "") == path)
    return &node;
  if (auto children = node.find("children"); children != node.end())
    for (auto& child : *children)
      if (auto* found = find(child, path))
        return found;
  return nullptr;
}

// Runs `fn` with the node at the path; its children include connections.
template <class F>
int with_node(const remote_options& options, F fn) {
  admin::client server{options.admin, {}};
  auto answer = server.get("/tree?connections=true");
  if (answer.status != 200)
    return report(answer);
  auto root = json::parse(answer.body, nullptr, false);
  if (!root.is_object())
    return report_nonsense(options);
  if (auto* node = find(root, options.path)) {
    fn(*node);
    return done;
  }
  std::cerr << "coppice: there is no actor at \"" << options.path
            << "\"; coppice tree --json shows the paths" << std::endl;
  return failed;
}

std::string plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

int ask_supervisor(const remote_options& options, const std::string& what,
                   const std::string& done_text) {
  admin::client server{options.admin, read_token(options.token_file)};
  auto answer
    = server.post("/actors/" + what, json{{"path", options.path}}.dump());
  if (answer.status != 200)
    return report(answer);
  std::cout << done_text << " " << options.path << "\n";
  return done;
}

// Has SIGINT and SIGTERM wait to be asked for, as long as it lives.
class without_interruption {
public:
  without_interruption() {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before_);
    block_stop_signals();
  }
  ~without_interruption() {
    // A second Ctrl-C was meant for this, too.
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

void print(const json& event, bool as_json) {
  if (as_json)
    std::cout << event.dump() << "\n";
  else
    std::cout << event["time"].get<std::string>() << " "
              << event["severity"].get<std::string>() << " "
              << event["text"].get<std::string>() << "\n";
}

} // namespace

int show_children(const remote_options& options) {
  return with_node(options, [&](const json& node) {
    if (options.json) {
      std::cout << node["children"].dump() << "\n";
      return;
    }
    auto flat = node;
    for (auto& child : flat["children"])
      child["children"] = json::array();
    std::cout << draw_tree(flat);
  });
}

int show_info(const remote_options& options) {
  return with_node(options, [&](json node) {
    auto children = node["children"].size();
    if (options.json) {
      std::cout << node.dump() << "\n";
      return;
    }
    node.erase("children");
    for (auto& [key, value] : node.items())
      std::cout << "  " << key
                << std::string(18 - std::min<std::size_t>(key.size(), 17), ' ')
                << plain(value) << "\n";
    std::cout << "  children          " << children << "\n";
  });
}

int stop_child(const remote_options& options) {
  return ask_supervisor(options, "stop", "stopped");
}

int start_child(const remote_options& options) {
  return ask_supervisor(options, "start", "started");
}

int restart_child(const remote_options& options) {
  return ask_supervisor(options, "restart", "restarted");
}

namespace {

// Reads one list of what happens, from now on.
class follower {
public:
  explicit follower(std::string resource) : resource_(std::move(resource)) {
    // nop
  }

  // Shows what is new; an exit code if that cannot be.
  std::optional<int> look(admin::client& server,
                          const remote_options& options) {
    auto answer = server.get(resource_ + "?since=" + std::to_string(since_));
    if (answer.status != 200)
      return report(answer);
    auto news = json::parse(answer.body, nullptr, false);
    if (!news.is_object() || !news.contains("last_seq"))
      return report_nonsense(options);
    if (auto missed = news.value("missed", std::uint64_t{0}); missed > 0)
      std::cerr << "coppice: " << missed << " events came too fast to be shown"
                << (resource_ == "/events" ? "; coppice events has them" : "")
                << std::endl;
    auto& events = news["events"];
    for (auto& each : events)
      if (options.path.empty()
          || fault::matches_path(options.path, each["path"].get<std::string>()))
        print(each, options.json);
    std::cout.flush();
    since_ = events.empty() ? news["last_seq"] : events.back()["seq"];
    return {};
  }

private:
  std::string resource_;
  std::uint64_t since_ = UINT64_MAX; // nothing of the past, but where it ends
};

} // namespace

int watch(const remote_options& options) {
  std::optional<std::chrono::milliseconds> length;
  if (!options.timeout.empty())
    length = duration_of("--for", options.timeout);
  admin::client server{options.admin, {}};
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

} // namespace coppice::commands
