#include "coppice/cli/duration.hpp"
#include "coppice/cli/exit_code.hpp"
#include "coppice/cli/lab.hpp"
#include "coppice/cli/remote.hpp"
#include "coppice/cli/serve.hpp"
#include "coppice/cli/token.hpp"
#include "coppice/net/cpu_limit.hpp"
#include "coppice/protocol/protocols.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iostream>
#include <string>

namespace {

using namespace coppice;

constexpr std::uint16_t default_port = 6000;

// What the options of `serve` say, before it is checked.
struct serve_arguments {
  unsigned port = default_port;
  std::string bind = "::";
  std::string topology = "linked";
  std::string protocol = "echo";
  std::size_t max_connections = 0;
  std::string overflow = "queue";
  std::string idle_timeout = "off";
  unsigned acceptors = net::allowed_cpus();
  std::int64_t max_restarts = -1;
  unsigned max_seconds = 5;
  std::string admin = "127.0.0.1:6060";
  std::string token_file;
  std::string drain_timeout = "8s";
};

// Reads HOST:PORT or [HOST]:PORT.
net::endpoint parse_authority(const std::string& text) {
  auto colon = text.rfind(':');
  auto host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  auto* first = text.data() + colon + 1;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(first, last, port);
  auto where = net::endpoint::parse(host, port);
  if (err != std::errc{} || rest != last || !where)
    throw CLI::ValidationError("--admin", "\"" + text
                                            + "\" is not HOST:PORT, with a "
                                              "numeric HOST or localhost");
  return *where;
}

std::chrono::milliseconds duration(const char* option,
                                   const std::string& text) {
  if (auto value = cli::parse_duration(text))
    return *value;
  throw CLI::ValidationError(option, "\"" + text
                                       + "\" is no duration such as 500ms, 8s "
                                         "or 2m");
}

cli::serve_options check(const serve_arguments& args) {
  cli::serve_options result;
  auto where
    = net::endpoint::parse(args.bind, static_cast<std::uint16_t>(args.port));
  if (!where)
    throw CLI::ValidationError("--bind", "\"" + args.bind
                                           + "\" is no numeric address; an "
                                             "example is 127.0.0.1 or ::1");
  result.where = *where;
  result.topology = args.topology == "linked" ? net::topology::linked
                                              : net::topology::supervised;
  result.protocol = args.protocol;
  if (args.max_connections > 0)
    result.limits.max_connections = args.max_connections;
  if (args.overflow == "reject")
    result.limits.overflow = net::overflow::reject;
  if (args.idle_timeout != "off")
    result.limits.idle = duration("--idle-timeout", args.idle_timeout);
  result.acceptors = args.acceptors;
  result.max_restarts = args.max_restarts >= 0
                          ? args.max_restarts
                          : 3 + std::int64_t{args.acceptors};
  result.max_seconds = std::chrono::seconds{args.max_seconds};
  result.drain_timeout = duration("--drain-timeout", args.drain_timeout);
  if (args.admin == "off")
    return result;
  result.admin = parse_authority(args.admin);
  result.token = cli::read_or_create_token(args.token_file);
  if (!result.admin->loopback() && result.token.empty())
    throw CLI::ValidationError(
      "--admin", args.admin
                   + " can be reached from elsewhere and needs a token: give "
                     "--admin-token-file FILE or COPPICE_ADMIN_TOKEN");
  return result;
}

void add_serve(CLI::App& app, serve_arguments& args) {
  auto* cmd = app.add_subcommand("serve", "run the supervised echo server");
  cmd->add_option("PORT", args.port, "TCP port; 0: the kernel picks one")
    ->check(CLI::Range(0U, 65535U))
    ->capture_default_str();
  cmd
    ->add_option("--bind", args.bind,
                 "numeric address or localhost; :: is all, IPv4 included")
    ->capture_default_str();
  cmd
    ->add_option("--topology", args.topology,
                 "linked: connections fall with their acceptor; supervised: "
                 "they have a supervisor of their own")
    ->check(CLI::IsMember({"linked", "supervised"}))
    ->capture_default_str();
  cmd->add_option("--protocol", args.protocol, "what is spoken on the port")
    ->check(CLI::IsMember(protocol::names()))
    ->capture_default_str();
  cmd
    ->add_option("--max-connections", args.max_connections,
                 "connections at a time, on all reactors; 0: any number")
    ->capture_default_str();
  cmd
    ->add_option("--overflow", args.overflow,
                 "clients beyond --max-connections: queue in the kernel's "
                 "backlog, or reject after a second")
    ->check(CLI::IsMember({"queue", "reject"}))
    ->capture_default_str();
  cmd
    ->add_option("--idle-timeout", args.idle_timeout,
                 "ends a connection whose peer sends nothing for so long; off: "
                 "never")
    ->capture_default_str();
  cmd
    ->add_option("--acceptors", args.acceptors,
                 "reactors, with one acceptor each; default: the CPUs that "
                 "this process may use")
    ->check(CLI::Range(1U, 1024U))
    ->capture_default_str();
  cmd
    ->add_option("--max-restarts", args.max_restarts,
                 "restarts of acceptors allowed within --max-seconds; default: "
                 "3 and one for each acceptor")
    ->check(CLI::Range(std::int64_t{0}, std::int64_t{UINT32_MAX}));
  cmd->add_option("--max-seconds", args.max_seconds, "see --max-restarts")
    ->check(CLI::Range(1U, 86'400U))
    ->capture_default_str();
  cmd
    ->add_option("--admin", args.admin,
                 "HOST:PORT of the admin API, or off; beyond loopback it needs "
                 "a token")
    ->capture_default_str();
  cmd->add_option("--admin-token-file", args.token_file,
                  "the token that changing anything needs; created if there "
                  "is none");
  cmd
    ->add_option("--drain-timeout", args.drain_timeout,
                 "how long connections may go on after SIGTERM")
    ->capture_default_str();
}

void add_remote(CLI::App& cmd, cli::remote_options& options) {
  cmd
    .add_option("--admin", options.admin, "HOST:PORT of the server's admin API")
    ->capture_default_str();
}

void add_tree(CLI::App& app, cli::tree_options& options) {
  auto* cmd = app.add_subcommand("tree", "draw a running server's actors");
  cmd->add_flag("--json", options.json, "print what GET /tree answers");
  cmd->add_flag("--connections", options.connections,
                "list the connections, too");
  add_remote(*cmd, options.remote);
}

void add_kill(CLI::App& app, cli::kill_options& options) {
  auto* cmd = app.add_subcommand("kill", "end an actor of a running server");
  cmd->add_option("PATH", options.path, "as coppice tree --json shows it")
    ->required();
  cmd
    ->add_option("--reason", options.reason,
                 "what it ends with: kill cannot be trapped; normal, shutdown "
                 "or any other word")
    ->capture_default_str();
  cmd->add_option("--token-file", options.remote.token_file,
                  "where the server's admin token is");
  add_remote(*cmd, options.remote);
}

int complain(const CLI::ParseError& err) {
  std::string text = err.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::cerr << "coppice: " << text << " (coppice --help shows more)"
            << std::endl;
  return cli::usage;
}

int run(int argc, char** argv) {
  CLI::App app{"coppice: a supervised TCP server; cut any actor, it regrows",
               "coppice"};
  app.set_version_flag("--version", "coppice " COPPICE_VERSION);
  app.require_subcommand(1);
  serve_arguments serve_args;
  cli::tree_options tree_args;
  cli::kill_options kill_args;
  cli::lab_options lab_args;
  add_serve(app, serve_args);
  add_tree(app, tree_args);
  add_kill(app, kill_args);
  cli::add_lab(app, lab_args);
  try {
    app.parse(argc, argv);
    if (app.got_subcommand("serve"))
      return cli::serve(check(serve_args));
    if (app.got_subcommand("tree"))
      return cli::show_tree(tree_args);
    if (app.got_subcommand("lab"))
      return cli::run_lab(app, lab_args);
    return cli::kill(kill_args);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted); // --help, --version
  } catch (const CLI::ParseError& err) {
    return complain(err);
  }
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& err) {
    std::cerr << "coppice: " << err.what() << std::endl;
    return cli::failed;
  }
}
