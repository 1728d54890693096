// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "conformance_files.hpp"

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

/// What a release of OTP does otherwise: a line of the table in
/// tests/conformance/releases.json.
struct otp_difference {
  /// Its name; with a `*` at the end all that begin like this.
  std::string scenario;
  /// The first and the last release that it holds for.
  int since = 0;
  int until = INT_MAX;
  /// V1 to V12 of docs/reference/semantics.md, or none.
  std::string rule;
  std::string reason;
  /// The trace that is left there; empty if it cannot be played there at all.
  std::string trace;
};

inline std::vector<otp_difference> otp_differences() {
  std::vector<otp_difference> result;
  auto file = conformance_dir() / "releases.json";
  for (auto& line : nlohmann::json::parse(std::ifstream{file}))
    result.push_back({line.at("scenario"), line.value("since", 0),
                      line.value("until", INT_MAX), line.at("rule"),
                      line.at("reason"), line.value("trace", "")});
  return result;
}

inline bool matches(const std::string& pattern, const std::string& name) {
  return pattern.ends_with('*')
           ? name.starts_with(pattern.substr(0, pattern.size() - 1))
           : name == pattern;
}

/// What `release` does otherwise in the scenario `name`, if it is known to.
inline std::optional<otp_difference> otp_difference_of(const std::string& name,
                                                       int release) {
  for (auto& line : otp_differences())
    if (matches(line.scenario, name) && line.since <= release
        && release <= line.until)
      return line;
  return {};
}

/// The trace that a line of the table names.
inline coppice::lab::trace trace_of(const otp_difference& line) {
  std::filesystem::path file = line.trace;
  return trace_in(conformance_dir() / file.parent_path(), file.stem().string());
}

/// 27 of "Erlang/OTP 27.3.4".
inline int release_in(const std::string& player) {
  auto digit = player.find_first_of("0123456789");
  return digit == player.npos ? 0 : std::atoi(player.c_str() + digit);
}

/// The Erlangs to compare with: the one in PATH, which is the empty name, and
/// those in COPPICE_OTP_ROOTS, separated by colons.
inline std::vector<std::string> otp_places() {
  std::vector<std::string> result{""};
  auto* text = std::getenv("COPPICE_OTP_ROOTS");
  std::istringstream rest{text == nullptr ? "" : text};
  for (std::string place; std::getline(rest, place, ':');)
    if (!place.empty())
      result.push_back(place);
  return result;
}
