// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_otp.hpp"

#include "commands/complaint.hpp"
#include "commands/lab_against.hpp"
#include "commands/lab_files.hpp"

#include "lab/otp.hpp"
#include "lab/otp_driver.hpp"
#include "server/exit_code.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

namespace coppice::commands {

namespace {

// The Erlangs to compare with, one in PATH if none is named.
expected<std::vector<lab::erlang>, std::string>
find_erlangs(std::vector<std::string> places) {
  if (places.empty())
    places.emplace_back();
  std::vector<lab::erlang> result;
  for (auto& place : places) {
    auto found = lab::find_erlang(place);
    if (!found)
      return unexpected{std::move(found.error())};
    result.push_back(*std::move(found));
  }
  return result;
}

// Where the program that plays scenarios on Erlang is.
std::string otp_script() {
  if (auto* file = std::getenv("COPPICE_OTP_DRIVER"))
    return file;
  return lab_data("otpdrv.escript").string();
}

int otp_error(const std::string& what) {
  complain(what);
  return failed;
}

std::string in_one_line(const std::vector<std::string>& command) {
  std::string result;
  for (auto& word : command)
    result += (result.empty() ? "" : " ") + word;
  return result;
}

int run_against_one(const lab::erlang& erlang, const std::string& script,
                    const contest& scenarios, const lab_options& options) {
  auto driver = lab::otp_driver::create(erlang, script);
  if (!driver)
    return otp_error(driver.error());
  auto& command = (*driver)->command();
  return scenarios.run({command, in_one_line(command), erlang.place, true},
                       options);
}

} // namespace

int run_against_otp(const lab_options& options) {
  auto scenarios = contest::of(options);
  if (!scenarios)
    return otp_error(scenarios.error());
  auto erlangs = find_erlangs(options.otp);
  if (!erlangs)
    return otp_error(erlangs.error());
  auto script = otp_script();
  if (!std::filesystem::exists(script))
    return otp_error(script
                     + " is not there, which plays scenarios on Erlang; "
                       "COPPICE_OTP_DRIVER can say where it is");
  int code = done;
  auto* between = "";
  for (auto& erlang : *erlangs) {
    std::cout << std::exchange(between, options.json ? "" : "\n");
    if (run_against_one(erlang, script, *scenarios, options) != done)
      code = failed;
  }
  return code;
}

} // namespace coppice::commands
