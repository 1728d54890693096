// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/client.hpp"
#include "commands/command.hpp"
#include "coppice/expected.hpp"

#include <chrono>
#include <optional>
#include <string>

/// What the commands share that talk to a running server.
namespace coppice::commands {

/// Declares `--admin` and `--admin-ca`.
void add_admin(CLI::App& cmd, session& options);

/// Declares `--admin-ca`.
void add_admin_ca(CLI::App& cmd, std::string& file);

/// Declares these and `--token-file`, for commands that change something.
void add_admin_and_token(CLI::App& cmd, session& options);

/// Declares `--json`, which prints what `resource` answers.
void add_json(CLI::App& cmd, bool& json, const char* resource);

/// Declares the argument PATH, an actor's.
void add_path(CLI::App& cmd, std::string& path);

/// Declares the argument LISTENER, which may be left out.
void add_listener(CLI::App& cmd, std::string& listener);

/// To look at the server.
admin::client looking_at(const session& options);

/// To change something on the server, with the token that it may need. The
/// error says why a file for that cannot be read.
expected<admin::client, admin::request_error> changing(const session& options);

/// The name of the listener that is meant by its name or its path; the only one
/// if `listener` is empty. If there is none, or more than one, says so on
/// standard error; the error is the exit code for it.
expected<std::string, int> listener_of(const session& options,
                                       const std::string& listener);

/// Whether the connection ended before the answer came.
bool cut_off(const admin::answer& what);

/// Looks again and again whether a server has ended: nothing has answered there
/// for a second. A port that opens again belongs to one that lives.
class end_watch {
public:
  explicit end_watch(const admin::client& there);

  /// Asks once; whether the server has ended by now.
  bool is_over();

  /// Whether somebody was there at the last look.
  bool is_there() const noexcept;

private:
  const admin::client& there_;
  std::optional<std::chrono::steady_clock::time_point> gone_since_;
};

/// Whether the server at `there` ends, within some seconds: what it was asked
/// for may have ended it before it could answer.
bool ends(const admin::client& there);

/// Prints on standard error what went wrong; returns the exit code for it.
int report(const admin::request_error& bad);

} // namespace coppice::commands
