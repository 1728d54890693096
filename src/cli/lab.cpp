#include "coppice/cli/lab.hpp"

#include "coppice/cli/exit_code.hpp"
#include "coppice/lab/actor_world.hpp"
#include "coppice/lab/compare.hpp"
#include "coppice/lab/engine_world.hpp"
#include "coppice/lab/example.hpp"
#include "coppice/lab/explain.hpp"
#include "coppice/lab/otp.hpp"
#include "coppice/lab/side_by_side.hpp"
#include "coppice/lab/story.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace coppice::cli {

namespace {

using moments = std::vector<lab::moment>;

// The worlds that a scenario can be played in, by the value of --world.
const std::map<std::string, moments (*)(const lab::scenario&)> worlds{
  {"actors", lab::play_on_actors},
  {"engine", lab::play},
};

moments play(const std::string& world, const lab::scenario& plan) {
  return worlds.at(world)(plan);
}

int complain(const std::string& what) {
  std::cerr << "coppice: " << what << std::endl;
  return failed;
}

// A scenario, and the JSON that it was read from.
struct source {
  nlohmann::json json;
  lab::scenario plan;
};

std::optional<source> load(const std::string& file) {
  auto json = lab::load_json(file);
  if (auto* err = std::get_if<lab::scenario_error>(&json)) {
    complain(to_string(*err));
    return {};
  }
  auto& value = std::get<nlohmann::json>(json);
  auto plan = lab::read_scenario(value, file);
  if (auto* err = std::get_if<lab::scenario_error>(&plan)) {
    complain(to_string(*err));
    return {};
  }
  return source{std::move(value), std::get<lab::scenario>(std::move(plan))};
}

// -- the comparison with Erlang -----------------------------------------------

// Where the program that plays scenarios on Erlang is: beside this one in a
// build tree, else where it is installed.
std::string otp_driver() {
  if (auto* file = std::getenv("COPPICE_OTP_DRIVER"))
    return file;
  constexpr auto name = "otpdrv.escript";
  std::error_code ignored;
  auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  auto beside = self.parent_path() / name;
  if (std::filesystem::exists(beside, ignored))
    return beside.string();
  return std::string{COPPICE_DATADIR} + "/" + name;
}

// The columns of the terminal, as far as a comparison can do with them.
std::size_t columns() {
  constexpr std::size_t least = 80;
  constexpr std::size_t most = 160;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::clamp<std::size_t>(size.ws_col, least, most);
  auto* text = std::getenv("COLUMNS");
  auto wanted = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  return wanted == 0 ? 120 : std::clamp<std::size_t>(wanted, least, most);
}

// Steps that wait do so in real time on Erlang.
std::chrono::seconds patience(const lab::scenario& plan) {
  std::chrono::milliseconds asked{0};
  for (auto& step : plan.steps)
    asked += step.time;
  return std::chrono::seconds{120}
         + std::chrono::duration_cast<std::chrono::seconds>(asked);
}

// What `who` made of the only scenario that it got.
std::variant<lab::rendition, lab::driver_error> play_by(const lab::driver& who,
                                                        const source& what) {
  auto result = lab::play_by(who, {what.json}, patience(what.plan));
  if (auto* err = std::get_if<lab::driver_error>(&result))
    return *err;
  auto& one = std::get<std::vector<lab::rendition>>(result).front();
  if (one.result == lab::rendition::outcome::played)
    return one;
  return lab::driver_error{what.plan.name + " cannot be played on "
                           + (one.player.empty() ? "Erlang" : one.player) + ": "
                           + one.reason};
}

// The Erlangs to compare with, one in PATH if none is named.
std::variant<std::vector<lab::erlang>, lab::driver_error>
find_erlangs(std::vector<std::string> places) {
  if (places.empty())
    places.emplace_back();
  std::vector<lab::erlang> result;
  for (auto& place : places) {
    auto found = lab::find_erlang(place);
    if (auto* err = std::get_if<lab::driver_error>(&found))
      return *err;
    result.push_back(std::get<lab::erlang>(std::move(found)));
  }
  return result;
}

// Prints both traces, and the verdict in the last line.
int show_comparison(const lab::titled_trace& ours, const lab::titled_trace& otp,
                    const std::string& place, const lab::scenario& plan) {
  std::cout << side_by_side(ours, otp, plan, columns()) << "\nCompared with "
            << otp.title << (place.empty() ? "" : " (" + place + ")") << ".";
  auto found = compare(otp.events, ours.events, plan);
  if (!found) {
    std::cout << "\nThe same: all " << ours.events.size() << " events."
              << std::endl;
    return done;
  }
  std::cout << "\nDifferent, first at " << to_string(*found) << std::endl;
  return failed;
}

int compare_with_otp(const source& what, const lab_options& options) {
  auto erlangs = find_erlangs(options.otp);
  if (auto* err = std::get_if<lab::driver_error>(&erlangs))
    return complain(err->message);
  auto script = otp_driver();
  if (!std::filesystem::exists(script))
    return complain(script
                    + " is not there, which plays scenarios on Erlang; "
                      "COPPICE_OTP_DRIVER can say where it is");
  auto ours = to_trace(play(options.world, what.plan));
  int code = done;
  auto* between = "";
  for (auto& erlang : std::get<std::vector<lab::erlang>>(erlangs)) {
    auto result = play_by(lab::otp_driver(erlang, script), what);
    if (auto* err = std::get_if<lab::driver_error>(&result)) {
      code = complain(err->message);
      continue;
    }
    auto& otp = std::get<lab::rendition>(result);
    std::cout << std::exchange(between, "\n");
    if (show_comparison(
          {"coppice, " + options.world, ours},
          {otp.player.empty() ? "Erlang/OTP" : otp.player, otp.events},
          erlang.place, what.plan)
        != done)
      code = failed;
  }
  return code;
}

// -- the commands -------------------------------------------------------------

int run(const lab_options& options) {
  auto what = load(options.scenario);
  if (!what)
    return failed;
  if (!options.against.empty())
    return compare_with_otp(*what, options);
  auto happened = play(options.world, what->plan);
  std::cout << (options.trace ? lab::to_text(to_trace(happened))
                              : story(what->plan, happened))
            << std::flush;
  return done;
}

int explain(const lab_options& options) {
  auto what = load(options.scenario);
  if (!what)
    return failed;
  std::cout << lab::explain(what->plan) << std::flush;
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

void add_scenario(CLI::App& cmd, lab_options& options) {
  cmd
    .add_option("SCENARIO", options.scenario,
                "a JSON file; coppice lab new writes one to begin with")
    ->required();
}

} // namespace

void add_lab(CLI::App& app, lab_options& options) {
  auto* lab = app.add_subcommand(
    "lab", "play supervision scenarios, in virtual time and without a server");
  lab->require_subcommand(1);
  auto* run = lab->add_subcommand(
    "run", "play a scenario and tell what happened, and why");
  add_scenario(*run, options);
  run->add_option("--world", options.world, "what plays the supervisors")
    ->check(CLI::IsMember(&worlds))
    ->capture_default_str();
  auto* trace
    = run->add_flag("--trace", options.trace,
                    "print the trace instead, one JSON object a line");
  auto* against
    = run
        ->add_option("--against", options.against,
                     "play it on Erlang's own supervisors, too, and show both "
                     "side by side; exit code 1 if they differ")
        ->check(CLI::IsMember({"otp"}))
        ->excludes(trace);
  run
    ->add_option("--otp", options.otp,
                 "another Erlang than the one in PATH, or several of them: "
                 "the folder where one is installed, its escript, or the root "
                 "of another system (debootstrap); again for each")
    ->type_name("PLACE")
    ->allow_extra_args(false)
    ->needs(against);
  auto* explain = lab->add_subcommand(
    "explain", "say what each step will do before it does it");
  add_scenario(*explain, options);
  lab->add_subcommand("new", "write a commented scenario to begin with")
    ->add_option("FILE", options.file,
                 "where to; standard output if it is not given");
}

int run_lab(const CLI::App& app, const lab_options& options) {
  auto* lab = app.get_subcommand("lab");
  if (lab->got_subcommand("run"))
    return run(options);
  if (lab->got_subcommand("explain"))
    return explain(options);
  return create(options);
}

} // namespace coppice::cli
