// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"
#include "commands/journal_file.hpp"
#include "commands/table.hpp"
#include "coppice/expected.hpp"
#include "journal/event_json.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

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

int export_error(const std::string& what) {
  complain(what);
  return failed;
}

expected<void, journal::store_error>
export_to(std::ostream& out, const std::filesystem::path& file) {
  auto from = journal::reader::open(file);
  if (!from)
    return unexpected{from.error()};
  auto print
    = [&](auto& each) { out << journal::to_line(to_json(each)) << "\n"; };
  auto result = from->for_each({}, print);
  out.flush();
  return result;
}

int export_journal(const export_options& options) {
  auto file = journal_of(options);
  if (!file)
    return export_error(file.error());
  if (options.output.empty()) {
    auto exported = export_to(std::cout, *file);
    return exported ? done : complain_of(exported.error());
  }
  std::ofstream out{options.output};
  if (out)
    if (auto exported = export_to(out, *file); !exported)
      return complain_of(exported.error());
  if (!out)
    return export_error("cannot write " + options.output + ": "
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
