#pragma once

#include "commands/command_line.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

/// `coppice console`: a shell on a running server.
namespace coppice::commands {

struct console_options {
  session server{.admin = "127.0.0.1:6060"};
};

/// Declares the subcommand.
void add_console(CLI::App& app, console_options& options);

/// Obeys the lines of standard input. To a person it shows a prompt, a history
/// and completions, and goes on after what fails; a script ends there, with the
/// exit code of what failed.
int run_console(const console_options& options);

/// The words of a line as a shell would take them: blanks separate, quotes and
/// backslashes keep together, # begins a comment. Nothing if a quote is open.
std::optional<std::vector<std::string>> words_of(std::string_view line);

} // namespace coppice::commands
