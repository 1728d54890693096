// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace coppice::commands {

/// Draws what `GET /listeners` answered: some lines a listener. Throws
/// `foreign_answer`.
std::string draw_listeners(const nlohmann::json& all);

} // namespace coppice::commands
