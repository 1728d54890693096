// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "coppice/supervision/child_spec.hpp"
#include "server/programs/surroundings.hpp"
#include "server/programs/table_section.hpp"

#include <set>
#include <string>
#include <string_view>

namespace coppice::programs {

/// A program as far as it has been read.
struct program_settings {
  supervision::child_spec spec;
  process::program program;
};

/// Reads the keys of a program that `[defaults]` may have, too, over what
/// `into` has already; variables and limits one by one. Relative paths count
/// from `folder`.
void read_program_keys(table_section& from, const surroundings& where,
                       const std::string& folder, program_settings& into);

/// Reads the keys that programs and supervisors below others have in common.
void read_child_keys(table_section& from, supervision::child_spec& into);

/// Complains about what does not go together in the program `what`.
void check_program(table_section& from, const program_settings& what);

/// The keys that `read_program_keys` knows and supervisors do not.
const std::set<std::string_view>& program_keys();

} // namespace coppice::programs
