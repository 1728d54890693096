#include "commands/serve_arguments.hpp"

#include "admin/limits_json.hpp"
#include "commands/duration_option.hpp"
#include "commands/token.hpp"
#include "protocol/protocols.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <chrono>
#include <string_view>
#include <variant>

namespace coppice::commands {

namespace {

constexpr std::uint16_t default_port = 6000;
constexpr std::string_view unix_prefix = "unix:";

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

// Nothing for `off`.
std::optional<std::chrono::milliseconds>
optional_duration(const char* option, const std::string& text) {
  if (text == "off")
    return {};
  return duration_of(option, text);
}

unsigned parse_mode(const std::string& text) {
  unsigned value = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, value, 8);
  if (err != std::errc{} || rest != last || value > 0777)
    throw CLI::ValidationError(
      "--unix-mode", "\"" + text + "\" is no octal mode such as 0660");
  return value;
}

net::endpoint where(const serve_arguments& args) {
  if (!args.bind.starts_with(unix_prefix)) {
    auto port = static_cast<std::uint16_t>(args.port.value_or(default_port));
    if (auto result = net::endpoint::parse(args.bind, port))
      return *result;
    throw CLI::ValidationError("--bind", "\"" + args.bind
                                           + "\" is no numeric address; an "
                                             "example is 127.0.0.1, ::1 or "
                                             "unix:/run/echo.sock");
  }
  if (args.port)
    throw CLI::ValidationError("PORT", "a Unix socket has none; leave it out");
  if (args.listen_sockets > 1)
    throw CLI::ValidationError("--listen-sockets",
                               "there can be one Unix socket only");
  auto result = net::endpoint::unix_path(
    std::string_view{args.bind}.substr(unix_prefix.size()));
  if (!result)
    throw CLI::ValidationError("--bind", "a path of 1 to 107 bytes has to "
                                         "follow unix:");
  return *result;
}

void check_sockets(const char* option, std::size_t sockets,
                   unsigned acceptors) {
  if (sockets > acceptors)
    throw CLI::ValidationError(option, std::to_string(sockets)
                                         + " sockets need as many acceptors, "
                                           "and there are "
                                         + std::to_string(acceptors)
                                         + ": see --acceptors");
}

net::listen_options listening(const serve_arguments& args) {
  net::listen_options result;
  result.backlog = args.backlog;
  result.sockets = args.listen_sockets;
  result.unix_mode = parse_mode(args.unix_mode);
  result.user_timeout = optional_duration("--user-timeout", args.user_timeout);
  result.keepalive.reset();
  if (auto silent = optional_duration("--keepalive", args.keepalive))
    result.keepalive = std::chrono::ceil<std::chrono::seconds>(*silent);
  return result;
}

net::limits limits(const limit_options& options) {
  net::limits result;
  if (auto wrong = admin::merge(commands::to_json(options), result);
      !wrong.empty())
    throw CLI::ValidationError("limits", wrong);
  return result;
}

fault::plan faults_of_environment() {
  auto result = fault::plan_from_environment();
  if (auto* wrong = std::get_if<fault::term_error>(&result))
    throw CLI::ValidationError("COPPICE_FAULTS", to_string(*wrong));
  return std::get<fault::plan>(std::move(result));
}

void set_admin(serve_options& result, const serve_arguments& args) {
  if (args.admin == "off")
    return;
  result.admin = parse_authority(args.admin);
  result.token = read_or_create_token(args.token_file);
  if (!result.admin->loopback() && result.token.empty())
    throw CLI::ValidationError(
      "--admin", args.admin
                   + " can be reached from elsewhere and needs a token: give "
                     "--admin-token-file FILE or COPPICE_ADMIN_TOKEN");
}

} // namespace

namespace {

void set_journal(serve_options& result, const serve_arguments& args) {
  result.log_level = *journal::log_level_from(args.log_level);
  result.log_format = args.log_format == "json" ? journal::log_format::json
                                                : journal::log_format::text;
  result.journal_bounds.max_bytes = args.journal_mib << 20;
  result.journal_bounds.max_age = std::chrono::ceil<std::chrono::seconds>(
    duration_of("--journal-age", args.journal_age));
  if (args.journal.empty())
    result.journal = journal::default_file();
  else if (args.journal != "off")
    result.journal = args.journal;
}

} // namespace

serve_options check(const serve_arguments& args) {
  serve_options result;
  result.inherited = net::passed_descriptors();
  result.where = where(args);
  check_sockets("--listen-sockets", args.listen_sockets, args.acceptors);
  check_sockets("LISTEN_FDS", result.inherited.size(), args.acceptors);
  result.listening = listening(args);
  result.topology = args.topology == "linked" ? net::topology::linked
                                              : net::topology::supervised;
  result.protocol = args.protocol;
  result.limits = limits(args.limits);
  result.acceptors = args.acceptors;
  result.max_restarts = args.max_restarts >= 0
                          ? args.max_restarts
                          : 3 + std::int64_t{args.acceptors};
  result.max_seconds = std::chrono::seconds{args.max_seconds};
  result.drain_timeout = duration_of("--drain-timeout", args.drain_timeout);
  result.log_connections = args.log_connections;
  set_journal(result, args);
  result.allow_faults = args.allow_faults;
  result.fault_seed = args.fault_seed;
  result.faults = faults_of_environment();
  set_admin(result, args);
  return result;
}

void add_serve(CLI::App& app, serve_arguments& args) {
  auto* cmd = &app;
  cmd
    ->add_option("PORT", args.port,
                 "TCP port; 0: the kernel picks one; default: 6000")
    ->check(CLI::Range(0U, 65535U));
  cmd
    ->add_option("--bind", args.bind,
                 "numeric address or localhost; :: is all, IPv4 included; or "
                 "unix:PATH")
    ->capture_default_str();
  cmd->add_option("--unix-mode", args.unix_mode, "permissions of that file")
    ->capture_default_str();
  cmd
    ->add_option("--listen-sockets", args.listen_sockets,
                 "sockets on the port (SO_REUSEPORT), at most one an acceptor")
    ->check(CLI::Range(1U, 1024U))
    ->capture_default_str();
  cmd
    ->add_option("--backlog", args.backlog,
                 "clients that may wait to be accepted, on each socket")
    ->check(CLI::Range(1, 65535))
    ->capture_default_str();
  cmd
    ->add_option("--keepalive", args.keepalive,
                 "probes a peer that has been silent for so long; off: never")
    ->capture_default_str();
  cmd
    ->add_option("--user-timeout", args.user_timeout,
                 "how long a peer may leave sent bytes unacknowledged; off: as "
                 "the kernel says")
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
  add_limits(*cmd, args.limits);
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
  cmd->add_flag("--log-connections", args.log_connections,
                "write a line when a connection starts and when it ends");
  cmd
    ->add_option("--log-level", args.log_level,
                 "what the log leaves out is everything below; coppice log "
                 "changes it later")
    ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
    ->capture_default_str();
  cmd
    ->add_option("--log-format", args.log_format,
                 "lines for people, or a JSON object a line")
    ->check(CLI::IsMember({"text", "json"}))
    ->capture_default_str();
  cmd->add_option("--journal", args.journal,
                  "the file that keeps what happened, or off; default: "
                  "journal.db in $STATE_DIRECTORY, $XDG_STATE_HOME/coppice or "
                  "~/.local/state/coppice");
  cmd
    ->add_option("--journal-size", args.journal_mib,
                 "MiB that it may grow to; then the oldest goes")
    ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20))
    ->capture_default_str();
  cmd->add_option("--journal-age", args.journal_age, "what is older goes, too")
    ->capture_default_str();
  cmd->add_flag("--allow-faults", args.allow_faults,
                "let the admin API ask for faults: see coppice fault; "
                "COPPICE_FAULTS in the environment is obeyed in any case");
  cmd->add_option("--fault-seed", args.fault_seed,
                  "what chance in faults comes from; default: a random one");
}

} // namespace coppice::commands
