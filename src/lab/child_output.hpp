#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace coppice::lab {

/// Runs a program that is looked for in PATH and gives all that it wrote to
/// its standard output; nothing if it could not be started, failed, or took
/// longer than `limit`, in which case it is killed.
std::optional<std::string> output_of(const std::vector<std::string>& command,
                                     std::chrono::seconds limit);

} // namespace coppice::lab
