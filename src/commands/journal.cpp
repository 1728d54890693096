// SPDX-License-Identifier: BSD-3-Clause

#include "commands/journal_file.hpp"
#include "commands/table.hpp"
#include "journal/event_json.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace coppice::commands {

namespace {

struct export_options : session {
  std::string output; ///< Empty: standard output.
};

void declare_export(CLI::App& cmd, export_options& options) {
  cmd
    .add_option("--output", options.output,
                "file to write; default: standard output")
    ->type_name("FILE");
  add_journal(cmd, options);
}

void export_to(std::ostream& out, const export_options& options) {
  journal::reader from{journal_of(options)};
  from.for_each(
    {}, [&](auto& each) { out << journal::to_line(to_json(each)) << "\n"; });
  out.flush();
}

int export_journal(const export_options& options) {
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

} // namespace

command journal_command() {
  return command_with(
    "journal", group::look, "work with the file that coppice events reads",
    {command_of<export_options>("export", group::look,
                                "write all of it, one JSON object a line",
                                declare_export, export_journal)});
}

} // namespace coppice::commands
