// SPDX-License-Identifier: BSD-3-Clause

#include "admin/bounded_http.hpp"
#include "admin/toxics_json.hpp"
#include "commands/answers.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "fault/names.hpp"
#include "server/exit_code.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coppice::commands {

using json = nlohmann::json;

namespace {

// What all of them take.
struct toxic_options : session {
  std::string listener; ///< Empty: the only one.
  std::optional<std::uint64_t> connection;
  bool json = false;
};

struct toxic_remove_options : toxic_options {
  std::string name;
};

struct toxic_add_options : toxic_options {
  std::string type;
  std::string name; ///< Empty: TYPE_STREAM.
  bool upstream = false;
  bool downstream = false;
  double toxicity = 1;
  std::vector<std::string> attributes; ///< NAME=NUMBER
};

[[noreturn]] void refuse_toxic(const std::string& why) {
  throw CLI::ValidationError("toxic", why);
}

void set_attribute_of(net::toxic_effect& effect, const std::string& text) {
  auto equals = text.find('=');
  std::int64_t value = 0;
  auto* last = text.data() + text.size();
  auto* first = equals == text.npos ? last : text.data() + equals + 1;
  auto [rest, err] = std::from_chars(first, last, value);
  if (err != std::errc{} || rest != last)
    refuse_toxic("\"" + text + "\" is not NAME=NUMBER, such as latency=100");
  if (auto set = set_attribute(effect, text.substr(0, equals), value); !set)
    refuse_toxic(set.error());
}

std::string attributes_of(const net::toxic_effect& effect) {
  std::string result;
  for (auto& [name, _] : attributes(effect))
    result += (result.empty() ? "; it has " : ", ") + std::string{name};
  return result;
}

net::placed_toxic toxic_of(const toxic_add_options& options) {
  auto effect = net::parse_toxic_type(options.type);
  if (!effect)
    refuse_toxic("there is no toxic \"" + options.type + "\"");
  if (options.attributes.empty())
    if (auto example = net::needed_attribute(*effect); !example.empty())
      refuse_toxic(options.type + " needs an attribute, such as -a " + example
                   + attributes_of(*effect));
  for (auto& text : options.attributes)
    set_attribute_of(*effect, text);
  net::placed_toxic result;
  result.what = {*effect,
                 options.upstream ? net::toxic_stream::upstream
                                  : net::toxic_stream::downstream,
                 options.toxicity, options.name};
  result.connection = options.connection;
  if (auto completed = complete(result.what); !completed)
    refuse_toxic(completed.error());
  return result;
}

// Where the toxics of a listener are in the admin API, or one of them.
std::string resource_of(const toxic_options& options,
                        const std::string& listener,
                        const std::string& toxic = {}) {
  auto path = "/listeners/" + admin::in_url(listener) + "/toxics";
  if (!toxic.empty())
    path += "/" + admin::in_url(toxic);
  if (options.connection)
    path += "?connection=" + std::to_string(*options.connection);
  return path;
}

// `latency_downstream  latency  downstream  jitter=0 latency=100`
std::string line_of(answer_part what) {
  auto line = what.at("name").shown() + "  " + what.at("type").shown() + "  "
              + what.at("stream").shown();
  auto separator = "  ";
  for (auto& [name, value] : what.at("attributes").members()) {
    line += separator + name + "=" + value.shown_plain();
    separator = " ";
  }
  if (auto toxicity = what.at("toxicity"); toxicity.json() != 1)
    line += "  toxicity " + toxicity.shown_plain();
  if (auto connection = what.find("connection"))
    line += "  connection " + connection->shown_plain();
  return line + "\n";
}

int print_toxics(const toxic_options& options, const admin::answer& answer) {
  if (!answer)
    return report(answer.error());
  auto body = json_of(*answer);
  auto all = body.is_array() ? body : json::array({body});
  std::string drawn = all.empty() ? "no toxics\n" : "";
  for (auto& what : all)
    drawn += line_of(answer_part{what});
  std::cout << (options.json ? in_ascii(body) + "\n" : drawn);
  return done;
}

// Runs `ask` with the listener that is meant, and prints the answer.
template <class F>
int with_listener(const toxic_options& options, F ask) {
  auto listener = listener_of(options, options.listener);
  return listener ? print_toxics(options, ask(*listener)) : listener.error();
}

// -- the subcommands ----------------------------------------------------------

void declare_toxic_common(CLI::App& cmd, toxic_options& options) {
  cmd
    .add_option("--connection", options.connection,
                "only this connection, by its number")
    ->check(numbers(1))
    ->type_name("NUMBER");
  add_listener(cmd, options.listener);
  cmd.add_flag("--json", options.json, "print the server's answer as it is");
}

void declare_toxic_list(CLI::App& cmd, toxic_options& options) {
  declare_toxic_common(cmd, options);
  add_admin(cmd, options);
}

int list_toxics(const toxic_options& options) {
  return with_listener(options, [&](const std::string& listener) {
    return looking_at(options).get(resource_of(options, listener));
  });
}

void declare_toxic_add(CLI::App& cmd, toxic_add_options& options) {
  cmd.add_option("TYPE", options.type, net::toxic_types())
    ->check(one_of(net::toxic_type_names()))
    ->required();
  cmd.add_option("--name", options.name, "default: TYPE_STREAM")
    ->type_name("NAME");
  auto* up = cmd.add_flag("--upstream", options.upstream,
                          "on what clients send to the server");
  cmd
    .add_flag("--downstream", options.downstream,
              "on what the server sends to clients; the default")
    ->excludes(up);
  cmd
    .add_option("--toxicity", options.toxicity,
                "the share of connections that get it")
    ->check(shares(0, 1))
    ->type_name("SHARE")
    ->capture_default_str();
  cmd
    .add_option("-a,--attribute", options.attributes,
                "in the units of Toxiproxy: latency=100 (ms), rate=64 (KB/s); "
                "may be given several times")
    ->type_name("NAME=NUMBER")
    ->allow_extra_args(false);
  declare_toxic_common(cmd, options);
  add_admin_and_token(cmd, options);
}

int add_toxic(const toxic_add_options& options) {
  auto body = in_ascii(admin::to_json(toxic_of(options)));
  auto server = changing(options);
  if (!server)
    return report(server.error());
  return with_listener(options, [&](const std::string& listener) {
    return server->post(resource_of(options, listener), body);
  });
}

void declare_toxic_remove(CLI::App& cmd, toxic_remove_options& options) {
  cmd.add_option("NAME", options.name, "as coppice toxic list shows it")
    ->required();
  declare_toxic_common(cmd, options);
  add_admin_and_token(cmd, options);
}

// Says which ones there are where there is none of this name.
admin::answer no_such_toxic(const toxic_remove_options& options,
                            const std::string& listener,
                            admin::request_error bad) {
  auto listed = looking_at(options).get(resource_of(options, listener));
  if (!listed)
    return unexpected{std::move(bad)};
  auto body = json_of(*listed);
  std::vector<std::string> names;
  for (auto& each : answer_part{body}.elements())
    names.push_back(each.at("name").text());
  auto meant = fault::did_you_mean(options.name, names);
  bad.message = "there is no toxic called \"" + options.name + "\""
                + (meant.empty() ? "; coppice toxic list shows them" : meant);
  return unexpected{std::move(bad)};
}

int remove_toxic(const toxic_remove_options& options) {
  auto server = changing(options);
  if (!server)
    return report(server.error());
  return with_listener(options, [&](const std::string& listener) {
    auto answer = server->remove(resource_of(options, listener, options.name));
    return !answer && answer.error().status == 404
             ? no_such_toxic(options, listener, answer.error())
             : answer;
  });
}

void declare_toxic_reset(CLI::App& cmd, toxic_options& options) {
  declare_toxic_common(cmd, options);
  add_admin_and_token(cmd, options);
}

int reset_toxics(const toxic_options& options) {
  auto server = changing(options);
  if (!server)
    return report(server.error());
  return with_listener(options, [&](const std::string& listener) {
    return server->remove(resource_of(options, listener));
  });
}

} // namespace

command toxic_command() {
  return command_with(
    "toxic", group::faults,
    "make the network between a server and its clients a bad one",
    {
      command_of<toxic_add_options>("add", group::faults,
                                    "put a toxic on connections",
                                    declare_toxic_add, add_toxic),
      command_of<toxic_options>("list", group::faults, "list the toxics",
                                declare_toxic_list, list_toxics),
      command_of<toxic_remove_options>("remove", group::faults,
                                       "take one toxic off",
                                       declare_toxic_remove, remove_toxic),
      command_of<toxic_options>("reset", group::faults, "take all toxics off",
                                declare_toxic_reset, reset_toxics),
    });
}

} // namespace coppice::commands
