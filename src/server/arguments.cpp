// SPDX-License-Identifier: BSD-3-Clause

// What a program's settings mean: those of its listener and of itself.

#include "server/arguments.hpp"

#include "admin/limits_json.hpp"
#include "net/tls/context.hpp"
#include "server/argument_error.hpp"
#include "server/duration_option.hpp"
#include "server/token.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice {

namespace {

unexpected<start_error> start_failure(const argument_error& error) {
  return unexpected{start_error{true, error.text}};
}

constexpr std::string_view unix_prefix = "unix:";

// Reads HOST:PORT, [HOST]:PORT or unix:PATH.
argument<net::endpoint> parse_authority(const std::string& text) {
  if (text.starts_with(unix_prefix)) {
    auto result = net::endpoint::unix_path(
      std::string_view{text}.substr(unix_prefix.size()));
    if (!result)
      return wrong("--admin", "a path of 1 to 107 bytes has to "
                              "follow unix:");
    return *result;
  }
  auto colon = text.rfind(':');
  auto host = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  auto* first = text.data() + (colon == std::string::npos ? 0 : colon + 1);
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(first, last, port);
  auto where = net::endpoint::parse(host, port);
  if (err != std::errc{} || rest != last || !where)
    return wrong("--admin", "\"" + text
                              + "\" is not HOST:PORT, with a "
                                "numeric HOST or localhost");
  return *where;
}

using optional_duration = std::optional<std::chrono::milliseconds>;

// Nothing for `off`.
argument<optional_duration> duration_or_off(const char* option,
                                            const std::string& text) {
  if (text == "off")
    return optional_duration{};
  auto value = duration_of(option, text);
  if (!value)
    return unexpected{std::move(value.error())};
  return optional_duration{*value};
}

argument<unsigned> parse_mode(const std::string& text) {
  unsigned value = 0;
  auto* last = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), last, value, 8);
  if (err != std::errc{} || rest != last || value > 0777)
    return wrong("--unix-mode",
                 "\"" + text + "\" is no octal mode such as 0660");
  return value;
}

argument<net::endpoint> where(const listener_arguments& args) {
  if (!args.bind.starts_with(unix_prefix)) {
    auto port
      = static_cast<std::uint16_t>(args.port.value_or(args.default_port));
    if (auto result = net::endpoint::parse(args.bind, port))
      return *result;
    return wrong("--bind", "\"" + args.bind
                             + "\" is no numeric address; an "
                               "example is 127.0.0.1, ::1 or "
                               "unix:/run/echo.sock");
  }
  if (args.port)
    return wrong("PORT", "a Unix socket has none; leave it out");
  if (args.listen_sockets > 1)
    return wrong("--listen-sockets", "there can be one Unix socket only");
  if (args.share_port)
    return wrong("--share-port", "a Unix socket cannot be shared");
  auto result = net::endpoint::unix_path(
    std::string_view{args.bind}.substr(unix_prefix.size()));
  if (!result)
    return wrong("--bind", "a path of 1 to 107 bytes has to "
                           "follow unix:");
  return *result;
}

argument<void> check_sockets(unsigned sockets, unsigned acceptors) {
  if (sockets > acceptors)
    return wrong("--listen-sockets",
                 std::to_string(sockets)
                   + " sockets need as many acceptors, and there "
                     "are "
                   + std::to_string(acceptors) + ": see --acceptors");
  return {};
}

constexpr std::string_view admin_name = "admin";

// Of a passed socket that has no name, or one that nobody chose.
bool says_nothing(std::string_view name) {
  return name.empty() || name == "unknown" || name == "connection"
         || name == "stored" || name.ends_with(".socket");
}

// Whose socket this is: the listener's of that name. If there is one listener
// alone, its sockets need not have names.
listener_plan* owner_of(const std::string& name, host_settings& in,
                        bool by_name) {
  for (auto& each : in.listeners)
    if (each.config.name == name)
      return &each;
  return in.listeners.size() == 1 && (!by_name || says_nothing(name))
           ? &in.listeners.front()
           : nullptr;
}

std::string none_of(const std::vector<listener_plan>& listeners) {
  if (listeners.size() == 1)
    return "neither " + listeners.front().config.name + " nor admin";
  std::string result = "none of ";
  for (auto& each : listeners)
    result += each.config.name + ", ";
  return result + "admin";
}

constexpr auto beside_passed
  = "the program that started this one passed sockets to listen on "
    "(LISTEN_FDS); leave it out";

argument<void> check_beside_passed(const listener_arguments& args) {
  auto* given = args.port                 ? "PORT"
                : args.bind_given         ? "--bind"
                : args.listen_sockets > 1 ? "--listen-sockets"
                : args.share_port         ? "--share-port"
                                          : nullptr;
  if (given != nullptr)
    return wrong(given, beside_passed);
  return {};
}

// The same of a configuration file.
argument<void> check_keys_beside_passed(const listener_plan& plan) {
  for (auto* key : {"port", "bind", "listen_sockets", "share_port"})
    if (plan.keys.contains(key))
      return wrong("listener \"" + plan.config.name + "\": " + key,
                   beside_passed);
  return {};
}

// Keeps the value, or what is wrong with it.
template <class T, class U>
void take(argument<T> from, U& to, std::vector<argument_error>& wrong) {
  if (from)
    to = *std::move(from);
  else
    wrong.push_back(std::move(from.error()));
}

void take(argument<void> from, std::vector<argument_error>& wrong) {
  if (!from)
    wrong.push_back(std::move(from.error()));
}

argument<net::listen_options> listening(const listener_arguments& args,
                                        net::listen_options result) {
  auto mode = parse_mode(args.unix_mode);
  if (!mode)
    return unexpected{std::move(mode.error())};
  auto unacknowledged = duration_or_off("--user-timeout", args.user_timeout);
  if (!unacknowledged)
    return unexpected{std::move(unacknowledged.error())};
  auto silent = duration_or_off("--keepalive", args.keepalive);
  if (!silent)
    return unexpected{std::move(silent.error())};
  result.backlog = args.backlog;
  result.sockets = args.listen_sockets;
  result.share_port = args.share_port;
  result.unix_mode = *mode;
  result.user_timeout = *unacknowledged;
  result.keepalive.reset();
  if (*silent)
    result.keepalive = std::chrono::ceil<std::chrono::seconds>(**silent);
  return result;
}

argument<net::limits> limits(const limit_options& options, net::limits result) {
  auto given = to_json(options);
  if (!given)
    return unexpected{std::move(given.error())};
  if (auto merged = admin::merge(*given, result); !merged)
    return wrong("limits", merged.error());
  for (auto [key, option] : {std::pair{"overflow", "--overflow"},
                             {"reject_after_ms", "--reject-after"}})
    if (options.contains(key) && !result.max_connections)
      return wrong(
        option, "says what happens beyond --max-connections, which is not set: "
                "give --max-connections COUNT, too");
  if (options.contains("alarm_period_ms") && !result.alarm)
    return wrong("--alarm-period",
                 "says how often there is an alarm, and there is "
                 "none: give --alarm COUNT, too");
  return result;
}

argument<fault::plan> faults_of_environment() {
  auto result = fault::plan_from_environment();
  if (!result)
    return wrong("COPPICE_FAULTS", to_string(result.error()));
  return *std::move(result);
}

// Whether it could stand in a header.
bool is_one_word(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\r\n,") == text.npos;
}

// `https://ops.example` or `http://ops.example:8080`, as browsers send it.
bool is_origin(std::string_view text) {
  auto scheme_end = text.find("://");
  if (!is_one_word(text) || scheme_end == text.npos || scheme_end == 0)
    return false;
  auto authority = text.substr(scheme_end + 3);
  return !authority.empty() && authority.find_first_of("/?#@*") == text.npos;
}

argument<void> check_names(const admin_settings& args) {
  for (auto& each : args.hosts)
    if (!is_one_word(each) || each.find('/') != each.npos)
      return wrong("--admin-host", "\"" + each
                                     + "\" is no name such as "
                                       "ops.example");
  for (auto& each : args.origins)
    if (!is_origin(each))
      return wrong("--admin-origin", "\"" + each
                                       + "\" is no origin such as "
                                         "https://ops.example");
  return {};
}

// Nothing for `off`.
argument<std::optional<net::endpoint>> admin_where(const admin_settings& args) {
  if (args.where == "off")
    return std::optional<net::endpoint>{};
  auto where = parse_authority(args.where);
  if (!where)
    return unexpected{std::move(where.error())};
  return std::optional{*where};
}

// Nothing without TLS. Whether `where` is a Unix socket: there only this
// machine could listen in, and the file's permissions say who may ask.
argument<std::optional<net::tls_settings>> admin_tls(const admin_settings& args,
                                                     bool on_unix_socket) {
  if (args.tls_cert.empty() && args.tls_key.empty())
    return std::optional<net::tls_settings>{};
  if (args.tls_cert.empty())
    return wrong("--admin-tls-key",
                 "there is no TLS: give --admin-tls-cert FILE, too");
  if (on_unix_socket)
    return wrong("--admin-tls-cert", "there is no TLS on a Unix socket, which "
                                     "only this machine can reach; leave it "
                                     "out");
  return std::optional{
    net::tls_settings{.certificates = {{args.tls_cert, args.tls_key}}}};
}

expected<void, start_error> apply_admin(const admin_settings& args,
                                        host_settings& to) {
  to.access.allow_faults = args.allow_faults;
  if (auto checked = check_names(args); !checked)
    return start_failure(checked.error());
  to.access.hosts = args.hosts;
  to.access.origins = args.origins;
  if (args.where == "off" && to.admin_socket)
    return start_failure({"--admin: a socket was passed for it "
                          "(LISTEN_FDNAMES)"});
  if (to.admin_socket) {
    to.admin = net::endpoint::local(*to.admin_socket);
  } else {
    auto where = admin_where(args);
    if (!where)
      return start_failure(where.error());
    to.admin = *where;
  }
  auto tls = admin_tls(args, to.admin && to.admin->is_unix());
  if (!tls)
    return start_failure(tls.error());
  to.admin_tls = *std::move(tls);
  if (!to.admin)
    return {};
  auto token
    = args.token.empty() ? read_or_create_token(args.token_file) : args.token;
  if (!token)
    return unexpected{start_error{false, std::move(token.error())}};
  to.access.token = *std::move(token);
  if (!to.admin->loopback() && to.access.token.empty())
    return start_failure(
      {"--admin: " + args.where
       + " can be reached from elsewhere and needs a token: give "
         "--admin-token-file FILE or COPPICE_ADMIN_TOKEN"});
  return {};
}

argument<void> apply_journal(const journal_settings& args, host_settings& to) {
  auto age = duration_of("--journal-age", args.max_age);
  if (!age)
    return unexpected{std::move(age.error())};
  to.journal_bounds.max_bytes = args.max_mib << 20;
  to.journal_bounds.max_age = std::chrono::ceil<std::chrono::seconds>(*age);
  if (args.file.empty())
    to.journal = journal::default_file();
  else if (args.file != "off")
    to.journal = args.file;
  return {};
}

argument<void> apply_log(const log_settings& args, host_settings& to) {
  auto level = journal::log_level_from(args.level);
  if (!level)
    return wrong("--log-level", "\"" + args.level
                                  + "\" is not debug, info, "
                                    "warning, error or off");
  if (args.format != "text" && args.format != "json")
    return wrong("--log-format", "\"" + args.format + "\" is not text or json");
  to.log_level = *level;
  to.log_format = args.format == "json" ? journal::log_format::json
                                        : journal::log_format::text;
  to.log_connections = args.connections;
  return {};
}

} // namespace

expected<void, start_error> apply(const program_arguments& args,
                                  host_settings& to) {
  if (auto applied = apply_log(args.log, to); !applied)
    return start_failure(applied.error());
  if (auto applied = apply_journal(args.journal, to); !applied)
    return start_failure(applied.error());
  auto faults = faults_of_environment();
  if (!faults)
    return start_failure(faults.error());
  to.fault_seed = args.fault_seed;
  to.fd_store = args.fd_store;
  to.faults = *std::move(faults);
  return apply_admin(args.admin, to);
}

std::vector<argument_error> apply(const listener_arguments& args,
                                  listener_plan& plan) {
  std::vector<argument_error> result;
  auto& config = plan.config;
  if (!config.inherited.empty())
    take(check_beside_passed(args), result);
  take(where(args), config.where, result);
  take(check_sockets(args.listen_sockets, args.acceptors), result);
  take(listening(args, config.listening), config.listening, result);
  take(limits(args.limits, config.limits), config.limits, result);
  take(duration_of("--drain-timeout", args.drain_timeout), plan.drain_timeout,
       result);
  take(duration_of("--drain-delay", args.drain_delay), plan.drain_delay,
       result);
  take(apply(args.proxy, config.proxy), result);
  take(apply(args.tls, config.tls), result);
  config.topology = args.topology == "linked" ? net::topology::linked
                                              : net::topology::supervised;
  config.acceptor_intensity = args.max_restarts >= 0
                                ? args.max_restarts
                                : 3 + std::int64_t{args.acceptors};
  config.acceptor_period = std::chrono::seconds{args.max_seconds};
  plan.acceptors = args.acceptors;
  return result;
}

expected<void, start_error> take_passed_sockets(host_settings& to) {
  auto passed = net::passed_sockets();
  if (!passed)
    return start_failure({"passed sockets: " + passed.error()});
  auto is_listener = [&](const std::string& name) {
    return std::ranges::any_of(
      to.listeners, [&](auto& each) { return each.config.name == name; });
  };
  auto by_name = std::ranges::any_of(
    *passed, [&](auto& each) { return is_listener(each.name); });
  for (auto& each : *passed) {
    if (is_stored(each.name))
      continue;
    if (each.name == admin_name && !is_listener(each.name)) {
      if (to.admin_socket)
        return start_failure({"LISTEN_FDNAMES: two sockets are called admin, "
                              "and there is one admin API"});
      to.admin_socket = each.descriptor;
    } else if (auto* owner = owner_of(each.name, to, by_name)) {
      owner->config.inherited.push_back(each.descriptor);
    } else {
      return start_failure(
        {"LISTEN_FDNAMES: \"" + each.name + "\" is " + none_of(to.listeners)});
    }
  }
  for (auto& each : to.listeners)
    if (!each.config.inherited.empty())
      if (auto checked = check_keys_beside_passed(each); !checked)
        return start_failure(checked.error());
  return {};
}

std::vector<argument_error> check(const program_arguments& args) {
  std::vector<argument_error> result;
  host_settings forgotten;
  take(apply_log(args.log, forgotten), result);
  take(apply_journal(args.journal, forgotten), result);
  take(check_names(args.admin), result);
  auto where = admin_where(args.admin);
  if (!where)
    result.push_back(std::move(where.error()));
  else if (auto tls = admin_tls(args.admin, *where && (*where)->is_unix());
           !tls)
    result.push_back(std::move(tls.error()));
  else if (*tls)
    if (auto made = net::tls_context::make(**tls); !made)
      take(argument<void>{wrong("--admin-tls-cert", made.error())}, result);
  return result;
}

} // namespace coppice
