// SPDX-License-Identifier: BSD-3-Clause

// The options of the command line that give a program its settings.

#include "server/arguments.hpp"

#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>

#include <span>

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
  {"--share-port", network_group, nullptr},
  {"--backlog", network_group, "COUNT"},
  {"--keepalive", network_group, "TIME"},
  {"--user-timeout", network_group, "TIME"},
  {"--topology", supervision_group, nullptr},
  {"--acceptors", supervision_group, "COUNT"},
  {"--max-restarts", supervision_group, "COUNT"},
  {"--max-seconds", supervision_group, "SECONDS"},
  {"--drain-timeout", supervision_group, "TIME"},
  {"--drain-delay", supervision_group, "TIME"},
};

constexpr layout program_layout[] = {
  {"--admin", admin_group, "HOST:PORT"},
  {"--admin-token-file", admin_group, "FILE"},
  {"--admin-tls-cert", admin_group, "FILE"},
  {"--admin-tls-key", admin_group, "FILE"},
  {"--admin-host", admin_group, "NAME"},
  {"--admin-origin", admin_group, "ORIGIN"},
  {"--log-connections", log_group, nullptr},
  {"--log-level", log_group, nullptr},
  {"--log-format", log_group, nullptr},
  {"--journal", log_group, "FILE"},
  {"--journal-size", log_group, "MIB"},
  {"--journal-age", log_group, "TIME"},
  {"--fd-store", supervision_group, nullptr},
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

} // namespace

void add_options(CLI::App& cmd, listener_arguments& args) {
  cmd
    .add_option("PORT", args.port,
                "TCP port; 0: the kernel picks one; default: "
                  + std::to_string(args.default_port))
    ->check(numbers(0, 65535));
  cmd
    .add_option("--bind", args.bind,
                "numeric address or localhost; :: is all, IPv4 included; or "
                "unix:PATH")
    ->each([&args](const std::string&) { args.bind_given = true; })
    ->capture_default_str();
  cmd.add_option("--unix-mode", args.unix_mode, "permissions of that file")
    ->capture_default_str();
  cmd
    .add_option("--listen-sockets", args.listen_sockets,
                "sockets on the port (SO_REUSEPORT), at most one an acceptor")
    ->check(numbers(1, 1024))
    ->capture_default_str();
  cmd.add_flag("--share-port", args.share_port,
               "let other servers that say so, too, listen on the same TCP "
               "port");
  cmd
    .add_option("--backlog", args.backlog,
                "clients that may wait to be accepted, on each socket")
    ->check(numbers(1, 65535))
    ->capture_default_str();
  cmd
    .add_option("--keepalive", args.keepalive,
                "probes a peer that has been silent for TIME; off: never")
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
    ->check(one_of({"linked", "supervised"}))
    ->capture_default_str();
  add_limits(cmd, args.limits);
  add_options(cmd, args.proxy);
  add_options(cmd, args.tls);
  cmd
    .add_option("--acceptors", args.acceptors,
                "reactors, with one acceptor each; default: the CPUs that "
                "this process may use")
    ->check(numbers(1, 1024))
    ->capture_default_str();
  cmd
    .add_option("--max-restarts", args.max_restarts,
                "restarts of acceptors allowed within --max-seconds; default: "
                "3 and one for each acceptor")
    ->check(numbers(0, UINT32_MAX));
  cmd.add_option("--max-seconds", args.max_seconds, "see --max-restarts")
    ->check(numbers(1, 86'400))
    ->capture_default_str();
  cmd
    .add_option("--drain-timeout", args.drain_timeout,
                "how long connections may go on after SIGTERM")
    ->capture_default_str();
  cmd
    .add_option("--drain-delay", args.drain_delay,
                "how long clients are still taken before that, while /readyz "
                "says no")
    ->capture_default_str();
  lay_out(cmd, listener_layout);
}

void add_options(CLI::App& cmd, program_arguments& args) {
  cmd
    .add_option(
      "--admin", args.admin.where,
      "HOST:PORT of the admin API, unix:PATH, or off; beyond loopback "
      "it needs a token")
    ->capture_default_str();
  cmd.add_option("--admin-token-file", args.admin.token_file,
                 "the token that changing anything needs; created if there "
                 "is none");
  cmd.add_option("--admin-tls-cert", args.admin.tls_cert,
                 "has the admin API and the page speak HTTPS, with this "
                 "certificate and its chain (PEM)");
  cmd.add_option("--admin-tls-key", args.admin.tls_key,
                 "its private key (PEM); default: in the same file");
  cmd
    .add_option("--admin-host", args.admin.hosts,
                "another name that requests may give as their host, such as "
                "that of a proxy; repeatable")
    ->take_all()
    ->allow_extra_args(false);
  cmd
    .add_option("--admin-origin", args.admin.origins,
                "where pages may come from that use the API, such as "
                "https://ops.example; repeatable")
    ->take_all()
    ->allow_extra_args(false);
  cmd.add_flag("--log-connections", args.log.connections,
               "write a line when a connection starts and when it ends");
  cmd
    .add_option("--log-level", args.log.level,
                "log events of this level and above; coppice log changes it "
                "later")
    ->check(one_of({"debug", "info", "warning", "error", "off"}))
    ->capture_default_str();
  cmd
    .add_option("--log-format", args.log.format,
                "lines for people, or a JSON object a line")
    ->check(one_of({"text", "json"}))
    ->capture_default_str();
  cmd.add_option("--journal", args.journal.file,
                 "the file that keeps all events, or off; default: "
                 "journal.db in $STATE_DIRECTORY, $XDG_STATE_HOME/coppice or "
                 "~/.local/state/coppice");
  cmd
    .add_option("--journal-size", args.journal.max_mib,
                "MiB that it may grow to; then the oldest events are deleted")
    ->check(numbers(1, 1 << 20))
    ->capture_default_str();
  cmd
    .add_option("--journal-age", args.journal.max_age,
                "older events are deleted")
    ->capture_default_str();
  cmd.add_flag("--fd-store", args.fd_store,
               "have the service manager keep TCP ports open while this is "
               "restarted, so that clients wait");
  cmd.add_flag("--allow-faults", args.admin.allow_faults,
               "let the admin API ask for faults: see coppice fault; "
               "COPPICE_FAULTS in the environment is obeyed in any case");
  cmd
    .add_option("--fault-seed", args.fault_seed,
                "the seed of all chance in faults; default: a random one")
    ->check(numbers(0, UINT64_MAX));
  lay_out(cmd, program_layout);
}

} // namespace coppice
