// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "server/programs/surroundings.hpp"
#include "server/programs/table_section.hpp"

#include <string>

namespace coppice::programs {

/// Reads `inherit_environment`, `env_file` and `environment`; later ones win.
/// Values appear in no complaint.
void read_environment(table_section& from, const surroundings& where,
                      const std::string& folder, process::program& into);

/// Reads `user`, and complains if there is none or this process cannot become
/// it.
void read_user(table_section& from, const surroundings& where,
               process::program& into);

/// `path` as it is if it is absolute, else in `folder`, which may be empty.
std::string in_folder(const std::string& folder, const std::string& path);

} // namespace coppice::programs
