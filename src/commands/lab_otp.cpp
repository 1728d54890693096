// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_otp.hpp"

#include "commands/lab_against.hpp"
#include "commands/lab_files.hpp"

#include "lab/driver_protocol.hpp"
#include "lab/otp.hpp"
#include "lab/printable.hpp"
#include "server/exit_code.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

namespace coppice::commands {

namespace {

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

// Where the program that plays scenarios on Erlang is.
std::string otp_script() {
  if (auto* file = std::getenv("COPPICE_OTP_DRIVER"))
    return file;
  return lab_data("otpdrv.escript").string();
}

// Steps that wait do so in real time on Erlang.
std::chrono::milliseconds otp_patience(const std::vector<nlohmann::json>& plans,
                                       const lab_options& options) {
  auto result = deadline_of(options, std::chrono::seconds{120});
  for (auto& plan : plans)
    result += lab::times_in(plan);
  return result;
}

played_scenario played_of(lab::rendition what) {
  switch (what.result) {
  case lab::rendition::outcome::played:
    return std::move(what.events);
  case lab::rendition::outcome::skipped:
    return lab::driver_skip{what.reason};
  case lab::rendition::outcome::failed:
    break;
  }
  return lab::driver_failure{what.reason};
}

// All that Erlang made of the scenarios, which it plays at once.
class otp_opponent : public opponent {
public:
  explicit otp_opponent(std::vector<lab::rendition> renditions)
      : renditions_(std::move(renditions)) {
    header_.name = "Erlang";
    for (auto& each : renditions_)
      if (!each.player.empty())
        split_player(each.player);
  }

  const lab::driver_header& header() const override {
    return header_;
  }

  bool decides() const override {
    return true;
  }

  played_scenario play(const scenario_file&) override {
    return played_of(std::move(renditions_.at(next_++)));
  }

  std::optional<lab::driver_failure> finish() override {
    return {};
  }

private:
  // "Erlang/OTP 27.3.4" is a name and a version.
  void split_player(const std::string& player) {
    auto space = player.rfind(' ');
    auto digit = space == player.npos ? space : space + 1;
    auto named
      = digit < player.size() && player[digit] >= '0' && player[digit] <= '9';
    header_.name = player.substr(0, named ? space : player.npos);
    header_.version = named ? player.substr(digit) : "";
  }

  lab::driver_header header_;
  std::vector<lab::rendition> renditions_;
  std::size_t next_ = 0;
};

int otp_error(const std::string& what) {
  std::cerr << "coppice: " << lab::printable(what) << std::endl;
  return failed;
}

int run_against_one(const lab::erlang& erlang, const std::string& script,
                    const contest& scenarios, const lab_options& options) {
  auto plans = scenarios.playable();
  auto played = lab::play_by(lab::otp_driver(erlang, script), plans,
                             otp_patience(plans, options));
  if (auto* err = std::get_if<lab::driver_error>(&played))
    return otp_error(err->message);
  otp_opponent other{std::get<std::vector<lab::rendition>>(std::move(played))};
  return scenarios.run(other, erlang.place, options);
}

} // namespace

int run_against_otp(const lab_options& options) {
  auto scenarios = contest::of(options);
  if (!scenarios)
    return failed;
  auto erlangs = find_erlangs(options.otp);
  if (auto* err = std::get_if<lab::driver_error>(&erlangs))
    return otp_error(err->message);
  auto script = otp_script();
  if (!std::filesystem::exists(script))
    return otp_error(script
                     + " is not there, which plays scenarios on Erlang; "
                       "COPPICE_OTP_DRIVER can say where it is");
  int code = done;
  auto* between = "";
  for (auto& erlang : std::get<std::vector<lab::erlang>>(erlangs)) {
    std::cout << std::exchange(between, options.json ? "" : "\n");
    if (run_against_one(erlang, script, *scenarios, options) != done)
      code = failed;
  }
  return code;
}

} // namespace coppice::commands
