// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/client.hpp"
#include "commands/command.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

/// What the commands share that talk to a running server.
namespace coppice::commands {

/// Declares `--admin`.
void add_admin(CLI::App& cmd, session& options);

/// Declares `--admin` and `--token-file`, for commands that change something.
void add_admin_and_token(CLI::App& cmd, session& options);

/// Declares `--json`, which prints what `resource` answers.
void add_json(CLI::App& cmd, bool& json, const char* resource);

/// Declares the argument PATH, an actor's.
void add_path(CLI::App& cmd, std::string& path);

/// Declares the argument LISTENER, which may be left out.
void add_listener(CLI::App& cmd, std::string& listener);

/// To look at the server.
admin::client looking_at(const session& options);

/// To change something on the server, with the token that it may need. Throws
/// `std::runtime_error` if there is a file for it that cannot be read.
admin::client changing(const session& options);

/// `listener`, or the server's only one if it is empty. If there is none, or
/// more than one, says so on standard error and sets `code`.
std::optional<std::string> listener_of(const session& options,
                                       const std::string& listener, int& code);

/// Prints on standard error what went wrong; returns the exit code for it.
int report(const admin::answer& bad);

/// Prints on standard error that an answer cannot be understood; returns the
/// exit code for it.
int report_nonsense(const session& options);

} // namespace coppice::commands
