// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "server/programs/table_section.hpp"

#include <string>
#include <string_view>

namespace coppice::programs {

/// Reads the table `ready`.
void read_ready(table_section& from, const std::string& folder,
                process::readiness& into);

/// Complains if `what` lacks a limit on its time.
void check_ready(table_section& from, const process::readiness& what,
                 bool has_limit);

/// `notify`: the word in the file.
std::string_view to_word(process::readiness::kind value);

} // namespace coppice::programs
