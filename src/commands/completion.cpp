// SPDX-License-Identifier: BSD-3-Clause

#include "commands/command_line.hpp"
#include "commands/shell_completion.hpp"
#include "commands/table.hpp"
#include "server/command_text.hpp"
#include "server/exit_code.hpp"
#include "server/option_checks.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>

namespace coppice::commands {

namespace {

struct completion_options {
  std::string shell;
};

void declare_completion(CLI::App& cmd, completion_options& options) {
  cmd
    .add_option("SHELL", options.shell,
                "bash: source <(coppice completion bash); zsh: a file _coppice "
                "in $fpath; fish: coppice completion fish | source")
    ->required()
    ->check(one_of({"bash", "zsh", "fish"}));
}

int print_completion(const completion_options& options) {
  command_line line;
  auto program = describe(*line.app, line.app->get_name());
  std::cout << (options.shell == "bash"  ? bash_completion(program)
                : options.shell == "zsh" ? zsh_completion(program)
                                         : fish_completion(program));
  return done;
}

} // namespace

command completion_command() {
  return command_of<completion_options>(
    "completion", group::shell,
    "print a script that completes coppice commands in a shell",
    declare_completion, print_completion);
}

} // namespace coppice::commands
