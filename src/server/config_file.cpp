// SPDX-License-Identifier: BSD-3-Clause

#include "server/config_file.hpp"

#include "fault/names.hpp"
#include "net/tls/context.hpp"
#include "protocol/protocols.hpp"
#include "server/option_checks.hpp"
#include "toml/document.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

namespace coppice {

namespace {

using toml_file::node;

constexpr std::string_view listeners_key = "listener";
constexpr const char* name_option = "--name";
constexpr const char* protocol_option = "--protocol";
constexpr const char* port_argument = "PORT";

// -- keys and options ---------------------------------------------------------

// `--max-connections` is `max_connections`.
std::string key_of(std::string_view option) {
  if (option == port_argument)
    return "port";
  while (option.starts_with('-'))
    option.remove_prefix(1);
  std::string result{option};
  std::ranges::replace(result, '-', '_');
  return result;
}

// All there are, but for help.
std::map<std::string, CLI::Option*> options_by_key(CLI::App& app) {
  std::map<std::string, CLI::Option*> result;
  for (auto* each : app.get_options({}))
    if (each != app.get_help_ptr())
      result.emplace(key_of(each->get_name()), each);
  return result;
}

// A message about options, in terms of keys.
std::string in_keys(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    auto begin = text.find("--");
    result += text.substr(0, begin);
    if (begin == text.npos)
      break;
    text.remove_prefix(begin);
    auto end = std::min(text.find_first_not_of("-abcdefghijklmnopqrstuvwxyz"),
                        text.size());
    result += key_of(text.substr(0, end));
    text.remove_prefix(end);
  }
  constexpr std::string_view argument = port_argument;
  if (result.starts_with(argument))
    result.replace(0, argument.size(), key_of(argument));
  return result;
}

// `KEY: what is wrong` is about that key.
std::string subject_of(const std::string& message) {
  return message.substr(0, message.find(':'));
}

// Whether it says how connections begin: then new ones can begin otherwise.
bool is_of_beginning(std::string_view key) {
  return key.starts_with("tls_") || key.starts_with("proxy_");
}

bool takes_no_value(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}

bool is_repeatable(const CLI::Option& option) {
  return option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
}

// -- one table ----------------------------------------------------------------

// By line; of one line, in the order in which they came.
using complaints = std::multimap<std::uint32_t, std::string>;

// A table of which each key is an option of `app`.
class section {
public:
  section(CLI::App& app, const toml_file::table& keys, std::uint32_t line,
          std::string title, complaints& wrong)
      : options_(options_by_key(app)),
        keys_(keys),
        line_(line),
        title_(std::move(title)),
        wrong_(wrong) {
    // nop
  }

  // Sets all options but those called in `skipped`. Keys that are no options
  // may be those of `elsewhere`, of which `hint` says where that is; one may be
  // there for something else.
  void read(const std::set<std::string>& skipped,
            const std::map<std::string, CLI::Option*>& elsewhere,
            const std::string& hint, std::string_view no_option = {}) {
    for (auto& [key, value] : keys_) {
      if (!key.empty() && key == no_option)
        continue;
      auto found = options_.find(key);
      if (found == options_.end()) {
        auto misplaced = elsewhere.contains(key);
        complain(value.line, misplaced
                               ? "the key \"" + key + "\" belongs " + hint
                               : "unknown key \"" + key + "\""
                                   + fault::did_you_mean(key, names()));
      } else if (!skipped.contains(found->second->get_name())) {
        set(*found->second, key, value);
      }
    }
  }

  void complain(std::uint32_t line, const std::string& text) {
    wrong_.emplace(line, title_ + text);
  }

  // About an option, or several.
  void complain(const std::string& about_options) {
    auto text = in_keys(about_options);
    auto* where = toml_file::find(keys_, subject_of(text));
    complain(where == nullptr ? line_ : where->line, text);
  }

  const config_keys& values() const noexcept {
    return values_;
  }

  std::uint32_t line_of(std::string_view key) const noexcept {
    auto* found = toml_file::find(keys_, key);
    return found == nullptr ? line_ : found->line;
  }

private:
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (auto& [key, option] : options_)
      result.push_back(key);
    return result;
  }

  static std::optional<std::string> text_of(const node& value) {
    if (auto* text = value.as<std::string>())
      return *text;
    if (auto* number = value.as<std::int64_t>())
      return std::to_string(*number);
    return {};
  }

  // What a command line would have, or nothing if the value is of no use.
  std::optional<std::vector<std::string>> words_of(const CLI::Option& option,
                                                   const std::string& key,
                                                   const node& value) {
    std::vector<std::string> result;
    auto* list = value.as<toml_file::array>();
    auto unfit = [&](const node& what, const char* wanted) {
      complain(what.line, key + ": " + wanted + " is needed here, and this is "
                            + std::string{what.kind()});
    };
    if (takes_no_value(option)) {
      auto* yes = value.as<bool>();
      if (yes == nullptr) {
        unfit(value, "true or false");
        return {};
      }
      if (*yes)
        result.emplace_back("true");
      return result;
    }
    if (list != nullptr && is_repeatable(option)) {
      for (auto& each : *list) {
        auto text = text_of(each);
        if (!text) {
          unfit(each, "a text");
          return {};
        }
        result.push_back(*std::move(text));
      }
      return result;
    }
    auto text = text_of(value);
    if (!text) {
      unfit(value, is_repeatable(option) ? "a text or a list of texts"
                                         : "a text or a whole number");
      return {};
    }
    result.push_back(*std::move(text));
    return result;
  }

  void set(CLI::Option& option, const std::string& key, const node& value) {
    auto words = words_of(option, key, value);
    if (!words || words->empty())
      return;
    config_key seen{{},
                    option.get_group() == limits_group || is_of_beginning(key)};
    for (auto& each : *words) {
      option.add_result(each);
      seen.value += (seen.value.empty() ? "" : ", ") + each;
    }
    try {
      option.run_callback();
      values_[key] = std::move(seen);
    } catch (const CLI::ParseError& problem) {
      complain(value.line, in_keys(problem.what()));
    }
  }

  std::map<std::string, CLI::Option*> options_;
  const toml_file::table& keys_;
  std::uint32_t line_;
  std::string title_;
  complaints& wrong_;
  config_keys values_;
};

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
    section part{app, keys, 1, "", wrong_};
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
    section part{
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
  static bool check_limits(const limit_options& options, section& part) {
    auto good = true;
    for (auto& each : options)
      if (auto value = to_json(limit_options{{each}}); !value) {
        part.complain(value.error().text);
        good = false;
      }
    return good;
  }

  void add_plan(const listener_words& words, section& part) {
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

std::vector<std::string> in_lines(const complaints& all,
                                  const std::string& file) {
  std::vector<std::string> result;
  for (auto& [line, text] : all)
    result.push_back(file + (line == 0 ? "" : ":" + std::to_string(line)) + ": "
                     + text);
  return result;
}

// The whole of a file, or why there is none.
expected<std::string, std::string> content_of(const std::string& file) {
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  std::string result(config_reader::most_bytes + 1, '\0');
  if (!in.read(result.data(), static_cast<std::streamsize>(result.size()))
      && !in.eof())
    return unexpected{std::string{"cannot be read: "}
                      + std::strerror(errno == 0 ? EIO : errno)};
  result.resize(static_cast<std::size_t>(in.gcount()));
  return result;
}

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
  auto text = content_of(file);
  if (!text)
    return unexpected{in_lines({{0, text.error()}}, file)};
  return read(*text, file);
}

} // namespace coppice
