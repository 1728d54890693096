// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/net/toxic/toxic.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace coppice::admin {

/// A toxic as Toxiproxy writes it, and `connection` if it is on a single one.
nlohmann::json to_json(const net::placed_toxic& what);

/// Reads `name`, `type`, `stream`, `toxicity` and `attributes` of a new toxic.
/// The error says what is wrong.
expected<void, std::string> read_toxic(const nlohmann::json& from,
                                       net::toxic& into);

/// The same for a toxic that is there: sets `toxicity` and `attributes` where
/// they are given. The rest may be repeated, but not changed.
expected<void, std::string> change_toxic(const nlohmann::json& from,
                                         net::toxic& into);

} // namespace coppice::admin
