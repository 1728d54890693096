// SPDX-License-Identifier: BSD-3-Clause

#include "journal/why.hpp"
#include "commands/complaint.hpp"
#include "commands/journal_file.hpp"
#include "commands/path_resolver.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "journal/event_json.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <variant>

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
  constexpr auto missing = "the journal knows of no end or restart at";
  auto file = journal_of(options);
  if (!file) {
    complain(file.error());
    return failed;
  }
  auto from = journal::reader::open(*file);
  if (!from)
    return complain_of(from.error());
  auto paths = from->paths();
  if (!paths)
    return complain_of(paths.error());
  auto path = resolve_path(options.path, *paths);
  if (!path) {
    complain_in_lines(path.error().text(options.path, missing));
    return failed;
  }
  auto story = journal::why(*from, *path);
  if (!story)
    return complain_of(story.error());
  if (!*story) {
    complain(std::string{missing} + " \"" + *path
             + "\": it has run since its server started");
    return failed;
  }
  print_story(**story, options.json);
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
