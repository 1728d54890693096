// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <string>

namespace coppice {

/// Where the admin token comes from: `file`, else the variable
/// COPPICE_ADMIN_TOKEN, else the file that COPPICE_ADMIN_TOKEN_FILE names.
/// Empty if none of them is set. A line end behind it is no part of it. The
/// error says that a file cannot be read, can be written by others or, outside
/// of /run/secrets, read by them, or has less than eight characters; or that
/// what is there does not fit in a header.
expected<std::string, std::string> read_token(const std::string& file);

/// As `read_token`, but a file that does not exist is created, for its owner
/// alone, with a random token.
expected<std::string, std::string>
read_or_create_token(const std::string& file);

} // namespace coppice
