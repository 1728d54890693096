// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"
#include "coppice/expected.hpp"
#include "journal/store.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>

/// What the commands share that read the journal, whether a server runs or not.
namespace coppice::commands {

/// Declares `--journal`.
void add_journal(CLI::App& cmd, session& options);

/// The journal's file. The error says that none was named and that the
/// environment does not say where it is.
expected<std::filesystem::path, std::string> journal_of(const session& options);

/// Says that the journal cannot be read; the exit code.
int complain_of(const journal::store_error& problem);

/// The event, with the run of the server that it belongs to.
nlohmann::json to_json(const journal::entry& what);

} // namespace coppice::commands
