// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab.hpp"

#include "commands/colours.hpp"
#include "commands/complaint.hpp"
#include "commands/lab_against.hpp"
#include "commands/lab_files.hpp"
#include "commands/lab_otp.hpp"
#include "commands/lab_step.hpp"
#include "commands/lab_worlds.hpp"
#include "commands/table.hpp"

#include "lab/driver_protocol.hpp"
#include "lab/example.hpp"
#include "lab/examples.hpp"
#include "lab/stopping.hpp"
#include "lab/story.hpp"
#include "observe/printable.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>

namespace coppice::commands {

namespace {

// The value of --against that stands for Erlang itself.
constexpr auto otp = "otp";

int fail_with(const std::string& text) {
  complain(text);
  return failed;
}

constexpr auto scenario_help
  = "the name of an example (coppice lab list), or a JSON file; coppice lab "
    "new writes one to begin with";

// -- the commands -------------------------------------------------------------

// Plays one scenario, without an opponent.
int run_alone(const lab_options& options) {
  if (options.scenarios.size() != 1)
    throw CLI::RequiredError(
      "one SCENARIO (coppice lab list shows some), or --against");
  auto plan = load_scenario(options.scenarios.front());
  if (!plan)
    return fail_with(to_string(plan.error()));
  auto happened = play_in(options.world, *plan);
  // An escaped character is the same one in JSON.
  std::cout << (options.trace ? observe::printable_lines(
                  lab::to_text(to_trace(happened)), std::string::npos)
                              : story(*plan, happened, colours()));
  return done;
}

int run_lab(const lab_options& options) {
  if (options.against.empty())
    return run_alone(options);
  lab::tidy_up_when_stopped();
  if (options.against == otp)
    return run_against_otp(options);
  if (!options.otp.empty())
    throw CLI::ExcludesError("--otp", "--against COMMAND");
  return run_against_driver(options);
}

struct one_scenario {
  std::string name;
};

void declare_one_scenario(CLI::App& cmd, one_scenario& options) {
  cmd.add_option("SCENARIO", options.name, scenario_help)->required();
}

int step_scenario(const one_scenario& options) {
  auto plan = load_scenario(options.name);
  if (!plan)
    return fail_with(to_string(plan.error()));
  return step_through(*std::move(plan));
}

int explain_scenario(const one_scenario& options) {
  auto plan = load_scenario(options.name);
  if (!plan)
    return fail_with(to_string(plan.error()));
  auto name = observe::printable(options.name);
  std::cout << lab::explain(*plan) << "\nThe answers: coppice lab run " << name
            << "; one by one: coppice lab step " << name << std::endl;
  return done;
}

int list_examples() {
  for (auto& each : lab::examples())
    std::cout << each.name << "\n    " << each.about << "\n";
  std::cout << std::flush;
  return done;
}

int show_example(const one_scenario& options) {
  auto* known = lab::find_example(options.name);
  if (known == nullptr) {
    complain("there is no example \"" + options.name + "\""
             + example_meant_by(options.name));
    return usage;
  }
  std::cout << known->text << std::flush;
  return done;
}

struct lab_new_options {
  std::string file; ///< Empty: standard output.
};

int write_example(const lab_new_options& options) {
  auto text = lab::example_scenario();
  if (options.file.empty()) {
    std::cout << text << std::flush;
    return done;
  }
  auto* file = options.file.c_str();
  auto fd = ::open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST)
    return fail_with(options.file + " exists already; name another file");
  auto written = fd < 0 ? -1 : ::write(fd, text.data(), text.size());
  auto why = errno;
  if (fd >= 0)
    ::close(fd);
  if (written != static_cast<ssize_t>(text.size()))
    return fail_with(options.file
                     + " cannot be written: " + std::strerror(why));
  auto name = observe::printable(options.file);
  std::cout << "wrote " << name << "; now: coppice lab run " << name
            << std::endl;
  return done;
}

// What is wrong with a value of --against, for the library to say.
std::string names_a_program(const std::string& value) {
  auto words = lab::words_of(value);
  return words ? "" : words.error().message;
}

// The same for --deadline.
std::string is_a_deadline(const std::string& value) {
  auto time = parse_duration(value);
  return time && time->count() > 0
           ? ""
           : "\"" + value + "\" is no time such as 500ms, 8s or 2m";
}

void add_against(CLI::App& run, CLI::Option* trace, lab_options& options) {
  auto* against
    = run
        .add_option("--against", options.against,
                    "play it also on Erlang's own supervisors (otp) or on "
                    "those of a driver (its command), and show both side by "
                    "side; exit code 1 if they differ")
        ->type_name("otp|COMMAND")
        ->check(CLI::Validator{names_a_program, ""})
        ->excludes(trace);
  run
    .add_option("--otp", options.otp,
                "use another Erlang than the one in PATH: the folder where "
                "it is installed, its escript, or the root of another system "
                "(debootstrap); may be given several times")
    ->type_name("PLACE")
    ->allow_extra_args(false)
    ->needs(against);
  run
    .add_flag("--recorded", options.recorded,
              "compare with the traces that were recorded from Erlang, not "
              "with coppice")
    ->needs(against);
  run
    .add_option("--deadline", options.deadline,
                "how long a driver may take for a scenario, beyond the times "
                "in it, such as 500ms; default: 30s")
    ->type_name("TIME")
    ->check(CLI::Validator{is_a_deadline, ""})
    ->needs(against);
  run
    .add_flag("--json", options.json,
              "print a JSON object a line, one for each scenario")
    ->needs(against);
}

void declare_lab_run(CLI::App& run, lab_options& options) {
  run.add_option("SCENARIO", options.scenarios,
                 std::string{scenario_help}
                   + "; with --against also several, or folders, or none: "
                     "the conformance kit");
  run.add_option("--world", options.world, "what plays the supervisors")
    ->check(one_of(world_names()))
    ->capture_default_str();
  auto* trace = run.add_flag("--trace", options.trace,
                             "print the trace instead, one JSON object a line");
  add_against(run, trace, options);
}

} // namespace

command lab_command() {
  return command_with(
    "lab", group::laboratory,
    "play supervision scenarios in virtual time, without a server",
    {
      command_of("list", group::laboratory,
                 "list the scenarios that come with coppice", list_examples),
      command_of<one_scenario>(
        "show", group::laboratory, "print one of them, to copy and change",
        [](CLI::App& cmd, one_scenario& options) {
          cmd.add_option("NAME", options.name, "its name, as list shows it")
            ->required();
        },
        show_example),
      command_of<lab_options>("run", group::laboratory,
                              "play a scenario; show what happened, and why",
                              declare_lab_run, run_lab),
      command_of<one_scenario>(
        "step", group::laboratory,
        "play a scenario step by step; guess what comes next",
        declare_one_scenario, step_scenario),
      command_of<one_scenario>(
        "explain", group::laboratory,
        "the rules that decide each step of a scenario, for you to guess",
        declare_one_scenario, explain_scenario),
      command_of<lab_new_options>(
        "new", group::laboratory, "write a commented scenario to begin with",
        [](CLI::App& cmd, lab_new_options& options) {
          cmd.add_option("FILE", options.file,
                         "file to write; default: standard output");
        },
        write_example),
    });
}

} // namespace coppice::commands
