// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"
#include "lab/trace.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// Where the scenarios and traces of the conformance tests are.
inline std::filesystem::path conformance_dir() {
  return COPPICE_CONFORMANCE_DIR;
}

/// The names of all scenarios in `dir`, sorted.
inline std::vector<std::string> names_in(const std::filesystem::path& dir) {
  std::set<std::string> names;
  for (auto& entry : std::filesystem::directory_iterator{dir})
    if (entry.path().extension() == ".json")
      names.insert(entry.path().stem().string());
  return {names.begin(), names.end()};
}

inline coppice::lab::scenario scenario_in(const std::filesystem::path& dir,
                                          const std::string& name) {
  auto result = coppice::lab::load_scenario((dir / (name + ".json")).string());
  if (!result)
    throw std::runtime_error{to_string(result.error())};
  return *std::move(result);
}

inline coppice::lab::trace trace_in(const std::filesystem::path& dir,
                                    const std::string& name) {
  auto file = dir / (name + ".jsonl");
  std::ifstream in{file};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    throw std::runtime_error{file.string() + " cannot be read"};
  auto result = coppice::lab::read_trace(text.str());
  if (!result)
    throw std::runtime_error{file.string() + ": " + to_string(result.error())};
  return *std::move(result);
}

/// Where the trace is that `name` should leave: OTP 25 recorded it, or, where
/// coppice follows a later release or deviates, we wrote it down ourselves.
inline std::filesystem::path expectation_dir(const std::string& name) {
  auto deviations = conformance_dir() / "deviations";
  if (std::filesystem::exists(deviations / (name + ".jsonl")))
    return deviations;
  return conformance_dir() / "golden";
}

/// The error that a scenario gets which C++ types cannot express.
inline std::optional<std::string> refusal_of(const std::string& name) {
  std::ifstream in{conformance_dir() / "deviations" / (name + ".error")};
  std::string line;
  if (!std::getline(in, line))
    return {};
  return line;
}
