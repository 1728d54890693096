#include "commands/history.hpp"

#include "journal/event_json.hpp"
#include "journal/why.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>

namespace coppice::commands {

namespace {

using nlohmann::json;

std::filesystem::path file_of(const history_options& options) {
  if (!options.file.empty())
    return options.file;
  if (auto found = journal::default_file())
    return *found;
  throw std::runtime_error(
    "neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is "
    "set: say where the journal is with --journal FILE");
}

std::optional<std::chrono::system_clock::time_point>
moment_of(const std::string& since) {
  if (since.empty())
    return {};
  if (auto ago = parse_duration(since))
    return std::chrono::system_clock::now() - *ago;
  throw CLI::ValidationError("--since", "\"" + since
                                          + "\" is no duration such as 30s, "
                                            "10m, 8h or 2d");
}

std::optional<observe::event_kind> kind_of(const std::string& name) {
  if (name.empty())
    return {};
  if (auto found = observe::event_kind_from(name))
    return found;
  throw CLI::ValidationError("--kind", "there is no kind of event called \""
                                         + name + "\"");
}

json to_json(const journal::entry& what) {
  auto result = journal::to_json(what.what);
  result["run"] = what.run;
  return result;
}

void print(const journal::entry& what, bool as_json) {
  if (as_json)
    std::cout << journal::to_line(to_json(what)) << "\n";
  else
    std::cout << journal::to_text(what.what.wall_time) << " "
              << observe::to_string(observe::severity_of(what.what)) << " "
              << observe::describe(what.what) << "\n";
}

int show_events(const history_options& options) {
  journal::query wanted{.since = moment_of(options.since),
                        .path = options.path,
                        .kind = kind_of(options.kind),
                        .limit = options.limit};
  if (options.run != 0)
    wanted.run = options.run;
  journal::reader from{file_of(options)};
  from.for_each(wanted, [&](auto& each) { print(each, options.json); });
  return done;
}

int show_why(const history_options& options) {
  journal::reader from{file_of(options)};
  auto actors = journal::actors_named(from, options.path);
  if (actors.size() > 1) {
    std::cerr << "coppice: \"" << options.path << "\" may be one of "
              << actors.size() << " actors; say which:\n";
    for (auto& each : actors)
      std::cerr << "  " << each << "\n";
    std::cerr.flush();
    return failed;
  }
  auto story
    = journal::why(from, actors.empty() ? options.path : actors.front());
  if (!story) {
    std::cerr << "coppice: the journal knows of no end or restart at \""
              << options.path << "\"; coppice tree shows the paths"
              << std::endl;
    return failed;
  }
  if (!options.json) {
    std::cout << journal::tell(*story);
    return done;
  }
  json chain = json::array();
  for (auto& each : story->chain)
    chain.push_back(to_json(each));
  json result{{"path", story->path}, {"chain", std::move(chain)}};
  if (story->down_for)
    result["down_ns"] = story->down_for->count();
  std::cout << journal::to_line(result) << "\n";
  return done;
}

void export_to(std::ostream& out, const history_options& options) {
  journal::reader from{file_of(options)};
  from.for_each(
    {}, [&](auto& each) { out << journal::to_line(to_json(each)) << "\n"; });
  out.flush();
}

int export_journal(const history_options& options) {
  if (options.output.empty()) {
    export_to(std::cout, options);
    return done;
  }
  std::ofstream out{options.output};
  if (out)
    export_to(out, options);
  if (!out)
    throw std::runtime_error("cannot write " + options.output + ": "
                             + std::strerror(errno));
  return done;
}

void add_common(CLI::App& cmd, history_options& options) {
  cmd.add_option("--journal", options.file,
                 "the journal's file; default: where coppice serve puts it");
}

} // namespace

void add_history(CLI::App& app, history_options& options) {
  auto* events = app.add_subcommand(
    "events", "list what happened, also with the server down");
  add_common(*events, options);
  events->add_option("--since", options.since,
                     "no longer ago than this: 30s, 10m, 8h, 2d");
  events->add_option("--path", options.path,
                     "of these actors alone; * is anything, and the beginning "
                     "of a path may be left out: 'acceptor:*'");
  events->add_option("--kind", options.kind,
                     "of this kind alone, such as child_exited or restarting");
  events->add_option("--last", options.limit, "the last so many alone");
  events
    ->add_option("--run", options.run,
                 "of this run of a server alone; --json shows their "
                 "numbers")
    ->check(CLI::Range(std::int64_t{1}, std::int64_t{INT64_MAX}));
  events->add_flag("--json", options.json, "print a JSON object a line");

  auto* why = app.add_subcommand(
    "why", "tell the story of an actor's last restart or end");
  add_common(*why, options);
  why
    ->add_option("PATH", options.path,
                 "an actor; the beginning may be left out if the rest fits "
                 "one alone: acceptor:0")
    ->required();
  why->add_flag("--json", options.json, "print it as a JSON object");

  auto* journal = app.add_subcommand("journal", "what coppice events reads");
  journal->require_subcommand(1);
  auto* copy = journal->add_subcommand("export",
                                       "write all of it, a JSON object a line");
  add_common(*copy, options);
  copy->add_option("--output", options.output,
                   "a file; default: standard output");
}

bool is_history(const CLI::App& app) {
  return app.got_subcommand("events") || app.got_subcommand("why")
         || app.got_subcommand("journal");
}

int run_history(const CLI::App& app, const history_options& options) {
  if (app.got_subcommand("events"))
    return show_events(options);
  if (app.got_subcommand("why"))
    return show_why(options);
  return export_journal(options);
}

} // namespace coppice::commands
