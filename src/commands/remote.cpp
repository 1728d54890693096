#include "commands/remote.hpp"

#include "commands/tree_drawing.hpp"
#include "server/exit_code.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <iostream>

namespace coppice::commands {

namespace {

struct subcommand {
  const char* name;
  const char* help;
  int (*run)(const remote_options&);
  bool changes; // and so may need the token
};

constexpr std::array subcommands{
  subcommand{"tree", "draw a running server's actors", show_tree, false},
  subcommand{"children", "list the children of a supervisor", show_children,
             false},
  subcommand{"info", "tell all about one actor", show_info, false},
  subcommand{"watch", "show what happens, as it happens", watch, false},
  subcommand{"exit", "end an actor with a reason", kill, true},
  subcommand{"stop", "stop a child; it is not restarted", stop_child, true},
  subcommand{"start", "start a child that is stopped", start_child, true},
  subcommand{"restart", "stop a child and start it again", restart_child, true},
  subcommand{"kill", "end an actor of a running server", kill, true},
  subcommand{"status", "show listeners, their limits and counters", show_status,
             false},
  subcommand{"suspend", "close a listener's port; connections go on", suspend,
             true},
  subcommand{"resume", "open a suspended listener's port again", resume, true},
  subcommand{"limit", "change a listener's limits while it runs", limit, true},
  subcommand{"log", "show or set what the log leaves out", log, true},
  subcommand{"drain", "let connections finish, then end the server", drain,
             true},
};

void add_json(CLI::App& cmd, remote_options& options, const char* what) {
  cmd.add_flag("--json", options.json,
               std::string{"print what "} + what + " answers");
}

void add_path(CLI::App& cmd, remote_options& options) {
  cmd.add_option("PATH", options.path, "as coppice tree --json shows it")
    ->required();
}

void add_kill(CLI::App& cmd, remote_options& options) {
  add_path(cmd, options);
  cmd
    .add_option("--reason", options.reason,
                "what it ends with: kill cannot be trapped; normal, shutdown "
                "or any other word")
    ->capture_default_str();
}

void add_drain(CLI::App& cmd, remote_options& options) {
  cmd.add_option("--timeout", options.timeout,
                 "how long connections may go on; default: the server's "
                 "--drain-timeout");
  cmd.add_flag("--wait", options.wait, "return when the server has gone");
}

void add_details(CLI::App& cmd, remote_options& options) {
  auto name = cmd.get_name();
  if (name == "tree") {
    add_json(cmd, options, "GET /tree");
    cmd.add_flag("--connections", options.connections,
                 "list the connections, too");
  } else if (name == "kill") {
    add_kill(cmd, options);
  } else if (name == "exit") {
    add_path(cmd, options);
    cmd
      .add_option("REASON", options.reason,
                  "normal, shutdown or any other word")
      ->required();
  } else if (name == "watch") {
    cmd.add_option("PATTERN", options.path,
                   "of these actors alone; * is anything, and the beginning of "
                   "a path may be left out: 'acceptor:*'");
    cmd.add_option("--for", options.timeout, "ends after so long");
    cmd.add_flag("--connections", options.connections,
                 "show who comes and goes, too");
    cmd.add_flag("--json", options.json, "print a JSON object a line");
  } else if (name == "children" || name == "info") {
    add_path(cmd, options);
    add_json(cmd, options, "GET /tree");
  } else if (name == "stop" || name == "start" || name == "restart") {
    add_path(cmd, options);
  } else if (name == "status") {
    add_json(cmd, options, "GET /listeners");
  } else if (name == "log") {
    cmd.add_option("LEVEL", options.level,
                   "from now on: debug, info, warning, error or off");
  } else if (name == "drain") {
    add_drain(cmd, options);
  } else {
    cmd.add_option("LISTENER", options.listener,
                   "its name; may be left out if there is one only");
    if (name == "limit")
      add_limits(cmd, options.limits);
  }
}

} // namespace

void add_remote(CLI::App& app, remote_options& options) {
  for (auto& what : subcommands) {
    auto* cmd = app.add_subcommand(what.name, what.help);
    add_details(*cmd, options);
    cmd
      ->add_option("--admin", options.admin,
                   "HOST:PORT of the server's admin API")
      ->capture_default_str();
    if (what.changes)
      cmd->add_option("--token-file", options.token_file,
                      "where the server's admin token is");
  }
}

int run_remote(const CLI::App& app, const remote_options& options) {
  for (auto& what : subcommands)
    if (app.got_subcommand(what.name))
      return what.run(options);
  return usage;
}

int report(const admin::answer& bad) {
  std::cerr << "coppice: " << bad.error << std::endl;
  return bad.status == 0 ? unreachable : failed;
}

int report_nonsense(const remote_options& options) {
  std::cerr << "coppice: " << options.admin
            << " does not speak as a coppice server does" << std::endl;
  return failed;
}

int show_tree(const remote_options& options) {
  admin::client server{options.admin, {}};
  auto answer
    = server.get(options.connections ? "/tree?connections=true" : "/tree");
  if (answer.status != 200)
    return report(answer);
  if (options.json) {
    std::cout << answer.body;
    return done;
  }
  auto root = nlohmann::json::parse(answer.body, nullptr, false);
  if (root.is_discarded())
    return report_nonsense(options);
  std::cout << draw_tree(root);
  return done;
}

int log(const remote_options& options) {
  admin::client server{options.admin, read_token(options.token_file)};
  auto answer
    = options.level.empty()
        ? server.get("/log")
        : server.post("/log", nlohmann::json{{"level", options.level}}.dump());
  if (answer.status != 200)
    return report(answer);
  auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("level"))
    return report_nonsense(options);
  std::cout << "the log shows " << body["level"].get<std::string>()
            << " and above\n";
  return done;
}

int kill(const remote_options& options) {
  admin::client server{options.admin, read_token(options.token_file)};
  nlohmann::json body{{"path", options.path}, {"reason", options.reason}};
  auto answer = server.post("/kill", body.dump());
  if (answer.status != 200)
    return report(answer);
  std::cout << "killed " << options.path << " (" << options.reason << ")\n";
  return done;
}

} // namespace coppice::commands
