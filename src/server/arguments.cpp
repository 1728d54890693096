// SPDX-License-Identifier: BSD-3-Clause

#include "server/arguments.hpp"

#include "admin/limits_json.hpp"
#include "server/duration_option.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <chrono>
#include <span>
#include <string_view>
#include <variant>

namespace coppice {

namespace {

constexpr auto supervision_group = "Supervision";
constexpr auto admin_group = "Admin API";
constexpr auto log_group = "Log and journal";
constexpr auto fault_group = "Faults";

// Where help lists an option, and what it calls its value.
struct layout {
  const char* option;
  const char* group;
  const char* value; // null: the option takes none, or names it itself
};

constexpr layout listener_layout[] = {
  {"--bind", network_group, "ADDRESS"},
  {"--unix-mode", network_group, "MODE"},
  {"--listen-sockets", network_group, "COUNT"},
  {"--backlog", network_group, "COUNT"},
  {"--keepalive", network_group, "TIME"},
  {"--user-timeout", network_group, "TIME"},
  {"--topology", supervision_group, nullptr},
  {"--acceptors", supervision_group, "COUNT"},
  {"--max-restarts", supervision_group, "COUNT"},
  {"--max-seconds", supervision_group, "SECONDS"},
  {"--drain-timeout", supervision_group, "TIME"},
};

constexpr layout program_layout[] = {
  {"--admin", admin_group, "HOST:PORT"},
  {"--admin-token-file", admin_group, "FILE"},
  {"--log-connections", log_group, nullptr},
  {"--log-level", log_group, nullptr},
  {"--log-format", log_group, nullptr},
  {"--journal", log_group, "FILE"},
  {"--journal-size", log_group, "MIB"},
  {"--journal-age", log_group, "TIME"},
  {"--allow-faults", fault_group, nullptr},
  {"--fault-seed", fault_group, "NUMBER"},
};

void lay_out(CLI::App& cmd, std::span<const layout> options) {
  for (auto& [name, group, value] : options) {
    auto* option = cmd.get_option(name);
    option->group(group);
    if (value != nullptr)
      option->type_name(value);
  }
}

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

net::endpoint where(const listener_arguments& args) {
  if (!args.bind.starts_with(unix_prefix)) {
    auto port
      = static_cast<std::uint16_t>(args.port.value_or(args.default_port));
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

net::listen_options listening(const listener_arguments& args,
                              net::listen_options result) {
  result.backlog = args.backlog;
  result.sockets = args.listen_sockets;
  result.unix_mode = parse_mode(args.unix_mode);
  result.user_timeout = optional_duration("--user-timeout", args.user_timeout);
  result.keepalive.reset();
  if (auto silent = optional_duration("--keepalive", args.keepalive))
    result.keepalive = std::chrono::ceil<std::chrono::seconds>(*silent);
  return result;
}

net::limits limits(const limit_options& options, net::limits result) {
  if (auto wrong = admin::merge(to_json(options), result); !wrong.empty())
    throw CLI::ValidationError("limits", wrong);
  return result;
}

fault::plan faults_of_environment() {
  auto result = fault::plan_from_environment();
  if (auto* wrong = std::get_if<fault::term_error>(&result))
    throw CLI::ValidationError("COPPICE_FAULTS", to_string(*wrong));
  return std::get<fault::plan>(std::move(result));
}

void apply_admin(const admin_settings& args, host_settings& to) {
  to.access.allow_faults = args.allow_faults;
  if (args.where == "off")
    return;
  to.admin = parse_authority(args.where);
  to.access.token
    = args.token.empty() ? read_or_create_token(args.token_file) : args.token;
  if (!to.admin->loopback() && to.access.token.empty())
    throw CLI::ValidationError(
      "--admin", args.where
                   + " can be reached from elsewhere and needs a token: give "
                     "--admin-token-file FILE or COPPICE_ADMIN_TOKEN");
}

void apply_journal(const journal_settings& args, host_settings& to) {
  to.journal_bounds.max_bytes = args.max_mib << 20;
  to.journal_bounds.max_age = std::chrono::ceil<std::chrono::seconds>(
    duration_of("--journal-age", args.max_age));
  if (args.file.empty())
    to.journal = journal::default_file();
  else if (args.file != "off")
    to.journal = args.file;
}

void apply_log(const log_settings& args, host_settings& to) {
  auto level = journal::log_level_from(args.level);
  if (!level)
    throw CLI::ValidationError("--log-level", "\"" + args.level
                                                + "\" is not debug, info, "
                                                  "warning, error or off");
  if (args.format != "text" && args.format != "json")
    throw CLI::ValidationError("--log-format",
                               "\"" + args.format + "\" is not text or json");
  to.log_level = *level;
  to.log_format = args.format == "json" ? journal::log_format::json
                                        : journal::log_format::text;
  to.log_connections = args.connections;
}

} // namespace

void apply(const program_arguments& args, host_settings& to) {
  apply_log(args.log, to);
  apply_journal(args.journal, to);
  to.fault_seed = args.fault_seed;
  to.faults = faults_of_environment();
  apply_admin(args.admin, to);
}

void apply(const listener_arguments& args, listener_plan& to) {
  auto& config = to.config;
  if (args.takes_passed_sockets)
    config.inherited = net::passed_descriptors();
  config.where = where(args);
  check_sockets("--listen-sockets", args.listen_sockets, args.acceptors);
  check_sockets("LISTEN_FDS", config.inherited.size(), args.acceptors);
  config.listening = listening(args, config.listening);
  config.topology = args.topology == "linked" ? net::topology::linked
                                              : net::topology::supervised;
  config.limits = limits(args.limits, config.limits);
  config.acceptor_intensity = args.max_restarts >= 0
                                ? args.max_restarts
                                : 3 + std::int64_t{args.acceptors};
  config.acceptor_period = std::chrono::seconds{args.max_seconds};
  to.acceptors = args.acceptors;
  to.drain_timeout = duration_of("--drain-timeout", args.drain_timeout);
}

void add_options(CLI::App& cmd, listener_arguments& args) {
  cmd
    .add_option("PORT", args.port,
                "TCP port; 0: the kernel picks one; default: "
                  + std::to_string(args.default_port))
    ->check(CLI::Range(0U, 65535U));
  cmd
    .add_option("--bind", args.bind,
                "numeric address or localhost; :: is all, IPv4 included; or "
                "unix:PATH")
    ->capture_default_str();
  cmd.add_option("--unix-mode", args.unix_mode, "permissions of that file")
    ->capture_default_str();
  cmd
    .add_option("--listen-sockets", args.listen_sockets,
                "sockets on the port (SO_REUSEPORT), at most one an acceptor")
    ->check(CLI::Range(1U, 1024U))
    ->capture_default_str();
  cmd
    .add_option("--backlog", args.backlog,
                "clients that may wait to be accepted, on each socket")
    ->check(CLI::Range(1, 65535))
    ->capture_default_str();
  cmd
    .add_option("--keepalive", args.keepalive,
                "probes a peer that has been silent for so long; off: never")
    ->capture_default_str();
  cmd
    .add_option("--user-timeout", args.user_timeout,
                "how long a peer may leave sent bytes unacknowledged; off: as "
                "the kernel says")
    ->capture_default_str();
  cmd
    .add_option("--topology", args.topology,
                "linked: connections fall with their acceptor; supervised: "
                "they have a supervisor of their own")
    ->check(CLI::IsMember({"linked", "supervised"}))
    ->capture_default_str();
  add_limits(cmd, args.limits);
  cmd
    .add_option("--acceptors", args.acceptors,
                "reactors, with one acceptor each; default: the CPUs that "
                "this process may use")
    ->check(CLI::Range(1U, 1024U))
    ->capture_default_str();
  cmd
    .add_option("--max-restarts", args.max_restarts,
                "restarts of acceptors allowed within --max-seconds; default: "
                "3 and one for each acceptor")
    ->check(CLI::Range(std::int64_t{0}, std::int64_t{UINT32_MAX}));
  cmd.add_option("--max-seconds", args.max_seconds, "see --max-restarts")
    ->check(CLI::Range(1U, 86'400U))
    ->capture_default_str();
  cmd
    .add_option("--drain-timeout", args.drain_timeout,
                "how long connections may go on after SIGTERM")
    ->capture_default_str();
  lay_out(cmd, listener_layout);
}

void add_options(CLI::App& cmd, program_arguments& args) {
  cmd
    .add_option("--admin", args.admin.where,
                "HOST:PORT of the admin API, or off; beyond loopback it needs "
                "a token")
    ->capture_default_str();
  cmd.add_option("--admin-token-file", args.admin.token_file,
                 "the token that changing anything needs; created if there "
                 "is none");
  cmd.add_flag("--log-connections", args.log.connections,
               "write a line when a connection starts and when it ends");
  cmd
    .add_option("--log-level", args.log.level,
                "what the log leaves out is everything below; coppice log "
                "changes it later")
    ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
    ->capture_default_str();
  cmd
    .add_option("--log-format", args.log.format,
                "lines for people, or a JSON object a line")
    ->check(CLI::IsMember({"text", "json"}))
    ->capture_default_str();
  cmd.add_option("--journal", args.journal.file,
                 "the file that keeps what happened, or off; default: "
                 "journal.db in $STATE_DIRECTORY, $XDG_STATE_HOME/coppice or "
                 "~/.local/state/coppice");
  cmd
    .add_option("--journal-size", args.journal.max_mib,
                "MiB that it may grow to; then the oldest goes")
    ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20))
    ->capture_default_str();
  cmd
    .add_option("--journal-age", args.journal.max_age,
                "what is older goes, too")
    ->capture_default_str();
  cmd.add_flag("--allow-faults", args.admin.allow_faults,
               "let the admin API ask for faults: see coppice fault; "
               "COPPICE_FAULTS in the environment is obeyed in any case");
  cmd.add_option("--fault-seed", args.fault_seed,
                 "what chance in faults comes from; default: a random one");
  lay_out(cmd, program_layout);
}

} // namespace coppice
