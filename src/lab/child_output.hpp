// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

namespace coppice::lab {

/// What became of a program instead, for a person, as in "took longer than
/// 120 s".
struct child_failure {
  std::string message;
};

/// Runs a program that is looked for in PATH and gives all that it wrote to
/// its standard output, or why there is nothing to rely on: it could not be
/// started, failed, or took longer than `limit`. What it has started and left
/// in its process group is killed.
std::variant<std::string, child_failure>
output_of(const std::vector<std::string>& command,
          std::chrono::milliseconds limit);

} // namespace coppice::lab
