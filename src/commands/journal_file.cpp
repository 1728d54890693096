// SPDX-License-Identifier: BSD-3-Clause

#include "commands/journal_file.hpp"

#include "commands/complaint.hpp"
#include "journal/event_json.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace coppice::commands {

void add_journal(CLI::App& cmd, session& options) {
  cmd
    .add_option("--journal", options.journal,
                "file of the journal; default: where coppice serve writes it")
    ->type_name("FILE");
}

expected<std::filesystem::path, std::string>
journal_of(const session& options) {
  if (!options.journal.empty())
    return options.journal;
  if (auto found = journal::default_file())
    return *found;
  return unexpected<std::string>{
    "the journal's place is unknown, since neither STATE_DIRECTORY, "
    "XDG_STATE_HOME nor HOME is set; name the file with --journal FILE"};
}

int complain_of(const journal::store_error& problem) {
  complain(problem.text);
  return failed;
}

nlohmann::json to_json(const journal::entry& what) {
  auto result = journal::to_json(what.what);
  result["run"] = what.run;
  return result;
}

} // namespace coppice::commands
