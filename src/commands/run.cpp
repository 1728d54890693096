// SPDX-License-Identifier: BSD-3-Clause

#include "commands/complaint.hpp"
#include "commands/lab_api.hpp"
#include "commands/table.hpp"
#include "coppice/process/reaper.hpp"
#include "observe/printable.hpp"
#include "server/arguments.hpp"
#include "server/exit_code.hpp"
#include "server/front.hpp"
#include "server/option_checks.hpp"
#include "server/programs/program_group.hpp"
#include "server/programs/tree_check.hpp"
#include "server/programs/tree_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace coppice::commands {

namespace {

constexpr auto root = "coppice";
constexpr auto programs_group = "Programs";
constexpr auto separator = "--";

struct run_arguments {
  program_arguments program;
  std::string file;
  std::vector<std::string> words; // of a program of its own
  bool is_program = false;
  bool check = false;
  bool admin_given = false;
  bool journal_given = false;
  bool level_given = false;
};

void declare_run(CLI::App& cmd, run_arguments& args) {
  cmd
    .add_option("TREE", args.file,
                "a TOML file that describes programs and their supervisors")
    ->group(programs_group);
  cmd
    .add_option("PROGRAM", args.words,
                "after --, in place of TREE: one program and its arguments")
    ->type_name(any_word)
    ->group(programs_group);
  cmd
    .add_flag("--check", args.check,
              "only say what is wrong with TREE, and what would happen")
    ->group(programs_group);
  add_options(cmd, args.program);
  cmd.parse_complete_callback([&cmd, &args] {
    auto given
      = [&](const char* name) { return cmd.get_option(name)->count() > 0; };
    args.admin_given = given("--admin");
    args.journal_given = given("--journal");
    args.level_given = given("--log-level");
    // The library keeps it among the words that it has no use for.
    auto rest = cmd.remaining();
    args.is_program = std::ranges::find(rest, separator) != rest.end();
    if (args.file.empty())
      throw CLI::ValidationError{
        "what is to be run? Give a file TREE, or -- PROGRAM"};
    if (args.is_program && args.check)
      throw CLI::ValidationError{"--check: a program has nothing to check; it "
                                 "is for a file TREE"};
    if (args.is_program)
      args.words.insert(args.words.begin(), args.file);
    else if (!args.words.empty())
      throw CLI::ValidationError{
        "there is one file TREE; a program and its arguments stand after --"};
  });
}

// A program of its own: its end is the end, and passes its exit code on.
programs::tree tree_of(const std::vector<std::string>& words) {
  programs::child only;
  only.spec.id = "program";
  only.spec.restart = supervision::restart::temporary;
  only.spec.significant = true;
  only.spec.shutdown = supervision::shutdown::infinity();
  process::program what{.command = words};
  what.standard_output.to = what.standard_error.to
    = process::output::target::inherit;
  only.program = std::move(what);
  programs::tree result;
  result.flags.auto_shutdown = supervision::auto_shutdown::any_significant;
  result.exit_code_from = only.spec.id;
  result.children.push_back(std::move(only));
  return result;
}

// Nothing that nobody asked for may come between it and who called it.
program_arguments quiet(const run_arguments& args) {
  auto result = args.program;
  if (!args.admin_given)
    result.admin.where = "off";
  if (!args.journal_given)
    result.journal.file = "off";
  if (!args.level_given)
    result.log.level = "off";
  return result;
}

// One that runs: it may be killed to see what happens.
std::string last_program(const std::vector<programs::child>& all) {
  auto& last = all.back();
  return "/" + last.spec.id
         + (last.program ? (last.copies > 0 ? "/0" : "")
                         : last_program(last.children));
}

int run_tree(const programs::tree& what, const run_arguments& args) {
  programs::program_group group{what};
  front::plan plan{
    .settings
    = {.root = root,
       .flags = {.intensity = 3,
                 .auto_shutdown = supervision::auto_shutdown::any_significant},
       .children = {group.spec()}},
    .program = args.is_program ? quiet(args) : args.program};
  auto& settings = plan.settings;
  settings.laboratory = laboratory;
  settings.programs
    = end_of_programs{.kill = [group]() mutable { group.kill(); },
                      .exit_code = [group] { return group.exit_code(); },
                      .stop_within = what.stop_within};
  settings.title = what.name;
  settings.victim
    = std::string{root} + "/" + what.name + last_program(what.children);
  settings.announces = !args.is_program;
  process::adopt_orphans();
  auto code = front{std::move(plan)}.run();
  if (code)
    return *code;
  if (code.error().usage)
    throw CLI::ValidationError{code.error().text}; // a line with help
  complain(code.error().text);
  return failed;
}

int refuse(const std::vector<std::string>& problems) {
  for (auto& each : problems)
    complain(each);
  return usage;
}

int check(const programs::tree& what, const std::string& file) {
  if (auto all = missing(what, file, programs::real_surroundings());
      !all.empty())
    return refuse(all);
  std::cout << observe::printable_lines(described(what), 1 << 20) << std::flush;
  return done;
}

int run(const run_arguments& args) {
  if (args.is_program)
    return run_tree(tree_of(args.words), args);
  auto read
    = programs::read_tree_file(args.file, programs::real_surroundings());
  if (!read)
    return refuse(read.error());
  return args.check ? check(*read, args.file) : run_tree(*read, args);
}

} // namespace

command run_command() {
  return command_of<run_arguments>("run", group::run,
                                   "run programs under supervisors, as a file "
                                   "describes them",
                                   declare_run, run);
}

} // namespace coppice::commands
