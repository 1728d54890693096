// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>

namespace coppice {

/// Where the admin token comes from: the variable COPPICE_ADMIN_TOKEN, else
/// `file`, else the file that COPPICE_ADMIN_TOKEN_FILE names. Empty if none of
/// them is set. Throws `std::runtime_error` if a file cannot be read or says
/// nothing.
std::string read_token(const std::string& file);

/// As `read_token`, but a file that does not exist is created, for its owner
/// alone, with a random token.
std::string read_or_create_token(const std::string& file);

} // namespace coppice
