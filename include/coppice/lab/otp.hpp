#pragma once

#include "coppice/lab/trace.hpp"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

/// Real Erlang: the same scenarios on OTP's own supervisor.
namespace coppice::lab {

/// Why Erlang could not be asked, and what to do about it.
struct otp_error {
  std::string message;
};

/// Whether `escript` can be found in PATH.
bool otp_installed();

/// What to do if it is not.
std::string how_to_install_otp();

/// Plays `scenarios` in one Erlang process by the driver script `driver`, and
/// gives the trace that each leaves. Blocks until Erlang has ended, for at most
/// `limit`. Steps that wait do so in real time.
std::variant<std::vector<trace>, otp_error>
play_on_otp(const std::vector<nlohmann::json>& scenarios,
            const std::string& driver,
            std::chrono::seconds limit = std::chrono::seconds{120});

} // namespace coppice::lab
