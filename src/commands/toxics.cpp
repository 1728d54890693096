#include "commands/toxics.hpp"

#include "admin/toxics_json.hpp"
#include "server/exit_code.hpp"
#include "server/token.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <iostream>

namespace coppice::commands {

using json = nlohmann::json;

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw CLI::ValidationError("toxic", what);
}

void set(net::toxic_effect& effect, const std::string& text) {
  auto equals = text.find('=');
  std::int64_t value = 0;
  auto* last = text.data() + text.size();
  auto* first = equals == text.npos ? last : text.data() + equals + 1;
  auto [rest, err] = std::from_chars(first, last, value);
  if (err != std::errc{} || rest != last)
    refuse("\"" + text + "\" is not NAME=NUMBER, such as latency=100");
  if (auto wrong = set_attribute(effect, text.substr(0, equals), value);
      !wrong.empty())
    refuse(wrong);
}

net::placed_toxic toxic_of(const toxic_options& options) {
  auto effect = net::parse_toxic_type(options.type);
  if (!effect)
    refuse("there is no \"" + options.type + "\"; there are "
           + net::toxic_types());
  for (auto& text : options.attributes)
    set(*effect, text);
  net::placed_toxic result;
  result.what = {*effect,
                 options.upstream ? net::toxic_stream::upstream
                                  : net::toxic_stream::downstream,
                 options.toxicity, options.name};
  result.connection = options.connection;
  if (auto wrong = complete(result.what); !wrong.empty())
    refuse(wrong);
  return result;
}

std::string path_of(const toxic_options& options, const std::string& listener,
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

int print(const toxic_options& options, const admin::answer& answer) {
  if (answer.status != 200)
    return report(answer);
  if (options.remote.json) {
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
    return report_nonsense(options.remote);
  }
  return done;
}

admin::answer ask(const std::string& what, const toxic_options& options,
                  const admin::client& server, const std::string& listener) {
  if (what == "add") {
    auto body = admin::to_json(toxic_of(options)).dump();
    return server.post(path_of(options, listener), body);
  }
  if (what == "remove")
    return server.remove(path_of(options, listener, options.name));
  if (what == "reset")
    return server.remove(path_of(options, listener));
  return server.get(path_of(options, listener));
}

void add_common(CLI::App& cmd, toxic_options& options, bool changes) {
  cmd.add_option("--connection", options.connection,
                 "of a single connection, by its number");
  cmd.add_option("LISTENER", options.remote.listener,
                 "its name; may be left out if there is one only");
  cmd
    .add_option("--admin", options.remote.admin,
                "HOST:PORT of the server's admin API")
    ->capture_default_str();
  cmd.add_flag("--json", options.remote.json, "print what the server answers");
  if (changes)
    cmd.add_option("--token-file", options.remote.token_file,
                   "where the server's admin token is");
}

void add_details(CLI::App& cmd, toxic_options& options) {
  cmd.add_option("TYPE", options.type, net::toxic_types())->required();
  cmd.add_option("--name", options.name, "default: TYPE_STREAM");
  auto* up = cmd.add_flag("--upstream", options.upstream,
                          "on what clients send to the server");
  cmd
    .add_flag("--downstream", options.downstream,
              "on what the server sends to clients; the default")
    ->excludes(up);
  cmd
    .add_option("--toxicity", options.toxicity,
                "the share of connections that it is put on, 0 to 1")
    ->capture_default_str();
  cmd
    .add_option("-a,--attribute", options.attributes,
                "NAME=NUMBER, in Toxiproxy's units: latency=100 (ms), rate=64 "
                "(KB/s); may be given several times")
    ->allow_extra_args(false);
}

} // namespace

void add_toxics(CLI::App& app, toxic_options& options) {
  auto* toxic
    = app.add_subcommand("toxic", "make a running server's network a bad one");
  toxic->require_subcommand(1);
  auto* add = toxic->add_subcommand("add", "put a toxic on connections");
  add_details(*add, options);
  add_common(*add, options, true);
  add_common(*toxic->add_subcommand("list", "show them"), options, false);
  auto* remove = toxic->add_subcommand("remove", "take one off");
  remove->add_option("NAME", options.name, "as coppice toxic list shows it")
    ->required();
  add_common(*remove, options, true);
  add_common(*toxic->add_subcommand("reset", "take all off"), options, true);
}

int run_toxics(const CLI::App& app, const toxic_options& options) {
  auto what
    = app.get_subcommand("toxic")->get_subcommands().front()->get_name();
  if (what == "add")
    toxic_of(options); // before the server is asked for anything
  auto token = what == "list" ? "" : read_token(options.remote.token_file);
  admin::client server{options.remote.admin, token};
  int code = done;
  auto listener = listener_of(options.remote, server, code);
  if (listener.empty())
    return code;
  return print(options, ask(what, options, server, listener));
}

} // namespace coppice::commands
