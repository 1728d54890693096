// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"
#include "journal/store.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>

/// What the commands share that read the journal, whether a server runs or not.
namespace coppice::commands {

/// Declares `--journal`.
void add_journal(CLI::App& cmd, session& options);

/// The journal's file. Throws `std::runtime_error` if none was named and the
/// environment does not say where it is.
std::filesystem::path journal_of(const session& options);

/// The event, with the run of the server that it belongs to.
nlohmann::json to_json(const journal::entry& what);

} // namespace coppice::commands
