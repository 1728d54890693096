// SPDX-License-Identifier: BSD-3-Clause

#include "server/config_file.hpp"

#include "net/tls/context.hpp"
#include "protocol/protocols.hpp"
#include "server/complaints.hpp"
#include "server/name.hpp"
#include "server/option_checks.hpp"
#include "server/option_section.hpp"
#include "toml/document.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <map>
#include <utility>

namespace coppice {

namespace {

constexpr std::string_view listeners_key = "listener";
constexpr const char* name_option = "--name";
constexpr const char* protocol_option = "--protocol";

// -- a listener ---------------------------------------------------------------

struct listener_words {
  listener_arguments network = {};
  std::string name = {};
  std::string protocol = {};
};

void declare(CLI::App& app, listener_words& words) {
  add_options(app, words.network);
  app.add_option(name_option, words.name);
  app.add_option(protocol_option, words.protocol)
    ->check(one_of(protocol::names()));
  refuse_empty_texts(app);
}

// Two listeners that cannot both be there.
bool collide(const net::listener_config& a, const net::listener_config& b) {
  auto& one = a.where;
  auto& other = b.where;
  if (one.is_unix() || other.is_unix())
    return one.is_unix() && other.is_unix() && one.address() == other.address();
  return one.port() == other.port() && one.port() != 0
         && (one.any() || other.any() || one.address() == other.address())
         && !(a.listening.share_port && b.listening.share_port);
}

// -- the file -----------------------------------------------------------------

class config_parser {
public:
  explicit config_parser(const config_reader& how) : how_(how) {
    result_.program = how.program;
  }

  void read(const toml_file::table& document) {
    read_program(document);
    auto* listeners = toml_file::find(document, listeners_key);
    if (listeners != nullptr && listeners->as<toml_file::table>() != nullptr)
      return complain(listeners->line,
                      "there may be several listeners, so it is [[listener]], "
                      "in two brackets");
    auto* all
      = listeners == nullptr ? nullptr : listeners->as<toml_file::array>();
    if (all == nullptr || all->empty())
      return complain(
        listeners == nullptr ? 1 : listeners->line,
        "there is no [[listener]]: the server would serve nobody");
    for (auto& each : *all)
      if (auto* table = each.as<toml_file::table>())
        read_listener(*table, each.line);
      else
        complain(each.line, "a listener is a table: [[listener]]");
  }

  expected<config, complaints> result() {
    if (wrong_.empty())
      return std::move(result_);
    return unexpected{std::move(wrong_)};
  }

private:
  void complain(std::uint32_t line, std::string text) {
    wrong_.emplace(line, std::move(text));
  }

  void read_program(const toml_file::table& keys) {
    CLI::App app;
    add_options(app, result_.program);
    refuse_empty_texts(app);
    CLI::App of_listener;
    listener_words unused;
    declare(of_listener, unused);
    option_section part{app, keys, 1, "", wrong_};
    part.read(how_.given, options_by_key(of_listener), "into a [[listener]]",
              listeners_key);
    for (auto& each : check(result_.program))
      if (!how_.given.contains(subject_of(each.text)))
        part.complain(each.text);
    result_.keys = part.values();
  }

  void read_listener(const toml_file::table& keys, std::uint32_t line) {
    listener_words words{.network = {.default_port = how_.default_port},
                         .protocol = how_.default_protocol};
    CLI::App app;
    declare(app, words);
    CLI::App of_program;
    program_arguments unused;
    add_options(of_program, unused);
    auto* named = toml_file::find(keys, "name");
    auto* name = named == nullptr ? nullptr : named->as<std::string>();
    option_section part{
      app, keys, line,
      name == nullptr || !is_name(*name) ? "" : "listener \"" + *name + "\": ",
      wrong_};
    auto before = wrong_.size();
    part.read({}, options_by_key(of_program), "before the first [[listener]]");
    if (words.name.empty())
      words.name = words.protocol;
    if (!is_name(words.name))
      return part.complain(part.line_of("name"),
                           "name: letters, digits, _, - and . make a name");
    if (wrong_.size() == before) // what was refused has no value
      add_plan(words, part);
    if (!names_.emplace(words.name, line).second)
      part.complain(named == nullptr ? line : named->line,
                    "the name \"" + words.name
                      + "\" is that of the listener "
                        "on line "
                      + std::to_string(names_[words.name])
                      + ", too: give it another name");
  }

  // Each limit by itself, since one error would hide the others.
  static bool check_limits(const limit_options& options, option_section& part) {
    auto good = true;
    for (auto& each : options)
      if (auto value = to_json(limit_options{{each}}); !value) {
        part.complain(value.error().text);
        good = false;
      }
    return good;
  }

  void add_plan(const listener_words& words, option_section& part) {
    listener_plan plan;
    auto& settings = plan.config;
    settings.name = words.name;
    settings.make_handler = protocol::find(words.protocol);
    if (protocol::echoes_lines(words.protocol))
      plan.echoes_until = protocol::last_line;
    plan.keys = part.values();
    for (auto* key : {"drain_timeout", "drain_delay", "protocol"})
      if (auto i = plan.keys.find(key); i != plan.keys.end())
        i->second.live = true;
    auto args = words.network;
    if (!check_limits(args.limits, part))
      args.limits.clear();
    auto wrong = apply(args, plan);
    for (auto& each : wrong)
      part.complain(each.text);
    if (settings.tls && wrong.empty())
      if (auto made = net::tls_context::make(*settings.tls); !made)
        part.complain(part.line_of("tls_cert"), made.error());
    for (auto& each : result_.listeners)
      if (wrong.empty() && !how_.passed.contains(settings.name)
          && !how_.passed.contains(each.config.name)
          && collide(each.config, settings))
        part.complain(part.line_of("port"),
                      to_string(settings.where)
                        + " is where another one listens: \"" + each.config.name
                        + "\"");
    result_.listeners.push_back(std::move(plan));
  }

  const config_reader& how_;
  config result_;
  complaints wrong_;
  std::map<std::string, std::uint32_t> names_; // with their lines
};

} // namespace

expected<config, std::vector<std::string>>
config_reader::read(std::string_view text, const std::string& file) const {
  if (text.size() > most_bytes)
    return unexpected{in_lines({{0, "has more than 1 MiB"}}, file)};
  auto document = toml_file::parse(text);
  if (!document)
    return unexpected{in_lines(
      {{document.error().line, "no TOML: " + document.error().text}}, file)};
  config_parser parser{*this};
  parser.read(*document);
  auto result = parser.result();
  if (!result)
    return unexpected{in_lines(result.error(), file)};
  return std::move(*result);
}

expected<config, std::vector<std::string>>
config_reader::read_file(const std::string& file) const {
  auto text = content_of(file, most_bytes);
  if (!text)
    return unexpected{in_lines({{0, text.error()}}, file)};
  return read(*text, file);
}

} // namespace coppice
