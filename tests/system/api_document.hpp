// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "http_client.hpp"

#include <string>

namespace coppice_test {

/// Fails the test if the admin API's document, whose path is in the variable
/// COPPICE_OPENAPI, does not have the status that a request was answered with.
void expect_documented(const std::string& method, const std::string& target,
                       const http_response& answer);

} // namespace coppice_test
