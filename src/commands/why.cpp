#include "journal/why.hpp"
#include "commands/exit_code.hpp"
#include "commands/journal_file.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "journal/event_json.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <utility>

namespace coppice::commands {

namespace {

struct why_options : session {
  std::string path;
  bool json = false;
};

void declare_why(CLI::App& cmd, why_options& options) {
  add_path(cmd, options.path);
  cmd.add_flag("--json", options.json, "print one JSON object");
  add_journal(cmd, options);
}

void print_story(const journal::story& story, bool as_json) {
  if (!as_json) {
    std::cout << journal::tell(story);
    return;
  }
  auto chain = nlohmann::json::array();
  for (auto& each : story.chain)
    chain.push_back(to_json(each));
  nlohmann::json result{{"path", story.path}, {"chain", std::move(chain)}};
  if (story.down_for)
    result["down_ns"] = story.down_for->count();
  std::cout << journal::to_line(result) << "\n";
}

int show_why(const why_options& options) {
  journal::reader from{journal_of(options)};
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
  print_story(*story, options.json);
  return done;
}

} // namespace

command why_command() {
  return command_of<why_options>(
    "why", group::look,
    "explain an actor's last restart or end, from the journal", declare_why,
    show_why);
}

} // namespace coppice::commands
