// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/response.hpp"

#include <map>
#include <string>

namespace coppice::commands {

/// Answers `GET /lab` (an empty `name`: the examples), and `GET /lab/NAME`: all
/// that a person needs to go through that example step by step, played on
/// engines. `query` may have `supervisor` (else the one at the top), and its
/// `strategy` and `intensity`, in place of what the example says.
/// Any thread.
admin::response laboratory(const std::string& name,
                           const std::map<std::string, std::string>& query);

} // namespace coppice::commands
