// SPDX-License-Identifier: BSD-3-Clause

#include "admin/toxics_json.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
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
  if (auto wrong = set_attribute(effect, text.substr(0, equals), value);
      !wrong.empty())
    refuse_toxic(wrong);
}

net::placed_toxic toxic_of(const toxic_add_options& options) {
  auto effect = net::parse_toxic_type(options.type);
  if (!effect)
    refuse_toxic("there is no toxic \"" + options.type + "\"; choose one of "
                 + net::toxic_types());
  for (auto& text : options.attributes)
    set_attribute_of(*effect, text);
  net::placed_toxic result;
  result.what = {*effect,
                 options.upstream ? net::toxic_stream::upstream
                                  : net::toxic_stream::downstream,
                 options.toxicity, options.name};
  result.connection = options.connection;
  if (auto wrong = complete(result.what); !wrong.empty())
    refuse_toxic(wrong);
  return result;
}

// Where the toxics of a listener are in the admin API, or one of them.
std::string resource_of(const toxic_options& options,
                        const std::string& listener,
                        const std::string& toxic = {}) {
  auto path = "/listeners/" + listener + "/toxics";
  if (!toxic.empty())
    path += "/" + toxic;
  if (options.connection)
    path += "?connection=" + std::to_string(*options.connection);
  return path;
}

// `latency_downstream  latency  downstream  jitter=0 latency=100`
std::string line_of(const json& what) {
  auto line = what.at("name").get<std::string>() + "  "
              + what.at("type").get<std::string>() + "  "
              + what.at("stream").get<std::string>();
  auto separator = "  ";
  for (auto& [name, value] : what.at("attributes").items()) {
    line += separator + name + "=" + value.dump();
    separator = " ";
  }
  if (what.at("toxicity") != 1)
    line += "  toxicity " + what.at("toxicity").dump();
  if (what.contains("connection"))
    line += "  connection " + what.at("connection").dump();
  return line;
}

int print_toxics(const toxic_options& options, const admin::answer& answer) {
  if (answer.status != 200)
    return report(answer);
  if (options.json) {
    std::cout << answer.body;
    return done;
  }
  try {
    auto body = json::parse(answer.body);
    auto all = body.is_array() ? body : json::array({body});
    for (auto& what : all)
      std::cout << line_of(what) << "\n";
    if (all.empty())
      std::cout << "no toxics\n";
  } catch (const json::exception&) {
    return report_nonsense(options);
  }
  return done;
}

// Runs `ask` with the listener that is meant, and prints the answer.
template <class F>
int with_listener(const toxic_options& options, F ask) {
  int code = done;
  auto listener = listener_of(options, options.listener, code);
  return listener ? print_toxics(options, ask(*listener)) : code;
}

// -- the subcommands
// -----------------------------------------------------------

void declare_toxic_common(CLI::App& cmd, toxic_options& options) {
  cmd
    .add_option("--connection", options.connection,
                "only this connection, by its number")
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
  cmd.add_option("TYPE", options.type, net::toxic_types())->required();
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
                "the share of connections that get it, 0 to 1")
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
  auto body = admin::to_json(toxic_of(options)).dump();
  auto server = changing(options);
  return with_listener(options, [&](const std::string& listener) {
    return server.post(resource_of(options, listener), body);
  });
}

void declare_toxic_remove(CLI::App& cmd, toxic_remove_options& options) {
  cmd.add_option("NAME", options.name, "as coppice toxic list shows it")
    ->required();
  declare_toxic_common(cmd, options);
  add_admin_and_token(cmd, options);
}

int remove_toxic(const toxic_remove_options& options) {
  auto server = changing(options);
  return with_listener(options, [&](const std::string& listener) {
    return server.remove(resource_of(options, listener, options.name));
  });
}

void declare_toxic_reset(CLI::App& cmd, toxic_options& options) {
  declare_toxic_common(cmd, options);
  add_admin_and_token(cmd, options);
}

int reset_toxics(const toxic_options& options) {
  auto server = changing(options);
  return with_listener(options, [&](const std::string& listener) {
    return server.remove(resource_of(options, listener));
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
