#include "commands/lab.hpp"

#include "commands/lab_against.hpp"
#include "commands/lab_otp.hpp"
#include "commands/lab_worlds.hpp"

#include "lab/driver_protocol.hpp"
#include "lab/example.hpp"
#include "lab/explain.hpp"
#include "lab/stopping.hpp"
#include "lab/story.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <optional>

namespace coppice::commands {

namespace {

// The value of --against that stands for Erlang itself.
constexpr auto otp = "otp";

int complain(const std::string& what) {
  std::cerr << "coppice: " << what << std::endl;
  return failed;
}

std::optional<lab::scenario> load(const std::string& file) {
  auto read = lab::load_scenario(file);
  if (auto* err = std::get_if<lab::scenario_error>(&read)) {
    complain(to_string(*err));
    return {};
  }
  return std::get<lab::scenario>(std::move(read));
}

// -- the commands -------------------------------------------------------------

// Plays one scenario, and nobody else does.
int run_alone(const lab_options& options) {
  if (options.scenarios.size() != 1)
    throw CLI::RequiredError("one SCENARIO, or --against");
  auto plan = load(options.scenarios.front());
  if (!plan)
    return failed;
  auto happened = play_in(options.world, *plan);
  std::cout << (options.trace ? lab::to_text(to_trace(happened))
                              : story(*plan, happened))
            << std::flush;
  return done;
}

int run(const lab_options& options) {
  if (options.against.empty())
    return run_alone(options);
  lab::tidy_up_when_stopped();
  if (options.against == otp)
    return run_against_otp(options);
  if (!options.otp.empty())
    throw CLI::ExcludesError("--otp", "--against COMMAND");
  return run_against_driver(options);
}

int explain(const lab_options& options) {
  auto plan = load(options.scenario);
  if (!plan)
    return failed;
  std::cout << lab::explain(*plan) << std::flush;
  return done;
}

int create(const lab_options& options) {
  auto text = lab::example_scenario();
  if (options.file.empty()) {
    std::cout << text << std::flush;
    return done;
  }
  auto* file = options.file.c_str();
  auto fd = ::open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST)
    return complain(options.file + " is there already; name another file");
  auto written = fd < 0 ? -1 : ::write(fd, text.data(), text.size());
  auto why = errno;
  if (fd >= 0)
    ::close(fd);
  if (written != static_cast<ssize_t>(text.size()))
    return complain(options.file + " cannot be written: " + std::strerror(why));
  std::cout << "wrote " << options.file << "; now: coppice lab run "
            << options.file << std::endl;
  return done;
}

constexpr auto scenario_help
  = "a JSON file; coppice lab new writes one to begin with";

// What is wrong with a value of --against, for the library to say.
std::string names_a_program(const std::string& value) {
  auto words = lab::words_of(value);
  auto* err = std::get_if<lab::protocol_error>(&words);
  return err ? err->message : "";
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
                    "play it on Erlang's own supervisors, too (otp), or on "
                    "those of a driver (its command), and show both side by "
                    "side; exit code 1 if they differ")
        ->type_name("otp|COMMAND")
        ->check(CLI::Validator{names_a_program, ""})
        ->excludes(trace);
  run
    .add_option("--otp", options.otp,
                "another Erlang than the one in PATH, or several of them: "
                "the folder where one is installed, its escript, or the root "
                "of another system (debootstrap); again for each")
    ->type_name("PLACE")
    ->allow_extra_args(false)
    ->needs(against);
  run
    .add_flag("--recorded", options.recorded,
              "compare it with the traces that were recorded from Erlang, not "
              "with coppice")
    ->needs(against);
  run
    .add_option("--deadline", options.deadline,
                "how long a driver may take for a scenario, or an Erlang for "
                "all of them, beyond the times that they name: 500ms, 2m; "
                "30s, and 2m for an Erlang, if it is not given")
    ->check(CLI::Validator{is_a_deadline, ""})
    ->needs(against);
  run
    .add_flag("--json", options.json,
              "print a JSON object a line, one for each scenario")
    ->needs(against);
}

void add_run(CLI::App& lab, lab_options& options) {
  auto* run = lab.add_subcommand(
    "run", "play a scenario and tell what happened, and why");
  run->add_option("SCENARIO", options.scenarios,
                  std::string{scenario_help}
                    + "; with --against also several, or folders, or none: "
                      "the conformance kit");
  run->add_option("--world", options.world, "what plays the supervisors")
    ->check(CLI::IsMember(world_names()))
    ->capture_default_str();
  auto* trace
    = run->add_flag("--trace", options.trace,
                    "print the trace instead, one JSON object a line");
  add_against(*run, trace, options);
}

} // namespace

void add_lab(CLI::App& app, lab_options& options) {
  auto* lab = app.add_subcommand(
    "lab", "play supervision scenarios, in virtual time and without a server");
  lab->require_subcommand(1);
  add_run(*lab, options);
  auto* explain = lab->add_subcommand(
    "explain", "say what each step will do before it does it");
  explain->add_option("SCENARIO", options.scenario, scenario_help)->required();
  lab->add_subcommand("new", "write a commented scenario to begin with")
    ->add_option("FILE", options.file,
                 "where to; standard output if it is not given");
}

int run_lab(const CLI::App& app, const lab_options& options) {
  auto* lab = app.get_subcommand("lab");
  auto code = lab->got_subcommand("run")       ? run(options)
              : lab->got_subcommand("explain") ? explain(options)
                                               : create(options);
  if (!std::cout.flush())
    return complain("standard output cannot be written");
  return code;
}

} // namespace coppice::commands
