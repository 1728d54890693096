// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/process/program.hpp"
#include "coppice/supervision/child_spec.hpp"
#include "server/programs/surroundings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::programs {

/// A child that a tree file describes: a program, or a supervisor.
struct child {
  supervision::child_spec spec;
  std::uint32_t line = 0; ///< Where it begins in the file.

  // -- of a program
  std::optional<process::program> program = {}; ///< Unset: a supervisor.
  /// Its command as the file has it: values of variables may be secrets.
  std::string command_text = {};
  std::size_t copies = 0; ///< 0: no copies, just it.
  bool disabled = false;  ///< It is not started unless somebody asks.

  // -- of a supervisor
  supervision::flags flags = {};
  std::vector<child> children = {};
};

/// What a tree file says.
struct tree {
  std::string name = "programs"; ///< Of the supervisor of them all.
  supervision::flags flags = {};
  std::vector<child> children = {};
  /// The program that the exit code is taken from, such as `storage/redis`;
  /// empty: none.
  std::string exit_code_from = {};
  /// Bounds the stop of the whole tree; unset: as long as the children take.
  std::optional<std::chrono::milliseconds> stop_within = {};
};

/// How many programs there are at `all` and below, copies included.
std::size_t count_programs(const std::vector<child>& all);

/// Files of more bytes are refused.
constexpr std::size_t most_bytes = 1 << 20;

/// Supervisors in supervisors in …, at most.
constexpr std::size_t most_levels = 16;

/// Reads a text in TOML. The error is all that is wrong with it, each with its
/// line in `file`, as `tree.toml:14: child "web": …`. Relative paths in it
/// count from the folder of `file`.
expected<tree, std::vector<std::string>> read_tree(std::string_view text,
                                                   const std::string& file,
                                                   const surroundings& where);

/// The same for a file.
expected<tree, std::vector<std::string>>
read_tree_file(const std::string& file, const surroundings& where);

} // namespace coppice::programs
