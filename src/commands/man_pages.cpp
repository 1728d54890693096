// SPDX-License-Identifier: BSD-3-Clause

#include "commands/command_line.hpp"
#include "commands/complaint.hpp"
#include "commands/man_page.hpp"
#include "commands/table.hpp"
#include "coppice/expected.hpp"
#include "coppice/version.hpp"
#include "server/command_text.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

namespace coppice::commands {

namespace {

struct man_pages_options {
  std::string folder;
};

void declare_man_pages(CLI::App& cmd, man_pages_options& options) {
  cmd.add_option("FOLDER", options.folder, "where to write them")->required();
}

expected<void, std::string> write_page(const std::filesystem::path& file,
                                       const std::string& text) {
  std::ofstream out{file};
  out << text;
  if (out.flush())
    return {};
  return unexpected{"cannot write " + file.string()};
}

int write_man_pages(const man_pages_options& options) {
  command_line line;
  auto program = describe(*line.app, line.app->get_name());
  std::filesystem::path folder{options.folder};
  auto written
    = write_page(folder / (program.name + ".1"), man_page(program, version));
  for (auto& each : program.subcommands)
    if (written)
      written = write_page(folder / (program.name + "-" + each.name + ".1"),
                           man_page(program, each, version));
  if (written)
    return done;
  complain(written.error());
  return failed;
}

} // namespace

command man_pages_command() {
  return command_of<man_pages_options>("man-pages", group::hidden,
                                       "write the man pages; for builds",
                                       declare_man_pages, write_man_pages);
}

} // namespace coppice::commands
