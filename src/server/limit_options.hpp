// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/argument_error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <string_view>

namespace CLI {
class App;
} // namespace CLI

namespace coppice {

/// The limits of a listener as they are given on the command line, by the name
/// that the admin API has for them.
using limit_options = std::map<std::string, std::string>;

/// What help calls them.
inline constexpr auto limits_group = "Limits";

/// Declares an option for each limit.
void add_limits(CLI::App& cmd, limit_options& options);

/// The option that sets the limit which the admin API calls `key`; null: there
/// is none.
const char* option_of_limit(std::string_view key);

/// What was given, as the admin API takes it. The error is about what is no
/// number or duration, or a burst without its rate.
argument<nlohmann::json> to_json(const limit_options& options);

} // namespace coppice
