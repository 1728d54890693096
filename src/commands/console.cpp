// SPDX-License-Identifier: BSD-3-Clause

#include "commands/console.hpp"

#include "commands/answers.hpp"
#include "commands/command_line.hpp"
#include "commands/complaint.hpp"
#include "commands/journal_file.hpp"
#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "journal/store.hpp"
#include "observe/printable.hpp"
#include "server/command_text.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <editline/readline.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

namespace coppice::commands {

namespace {

constexpr int longest_history = 1000;

// The commands of a console, with its own last.
std::vector<std::pair<std::string, std::string>> console_verbs() {
  std::vector<std::pair<std::string, std::string>> result;
  for (auto& each : all_commands())
    if (each.on_a_server)
      result.emplace_back(each.name, each.help);
  result.emplace_back("help", "show this; help COMMAND shows its options");
  result.emplace_back("quit", "leave; so do exit alone and Ctrl-D");
  return result;
}

void show_console_help() {
  auto verbs = console_verbs();
  std::size_t width = 0;
  for (auto& [name, _] : verbs)
    width = std::max(width, name.size());
  for (auto& [name, help] : verbs)
    std::cout << "  " << name << std::string(width - name.size() + 2, ' ')
              << help << "\n";
  std::cout << "Paths of actors are as tree --json and completion (Tab) show "
               "them. Quotes keep words\ntogether; # begins a comment."
            << std::endl;
}

// -- completion ---------------------------------------------------------------

// The library calls plain functions.
const session* server_of_completion = nullptr;

std::vector<std::string> live_paths() {
  auto answer = looking_at(*server_of_completion).get("/tree");
  if (!answer)
    return {};
  try {
    return paths_of(json_of(*answer));
  } catch (const foreign_answer&) {
    return {};
  }
}

// What the word may become; the library frees what it is given.
char* next_candidate(const char* text, int state) {
  static std::vector<std::string> candidates;
  if (state == 0) {
    std::string_view line{rl_line_buffer, static_cast<std::size_t>(rl_point)};
    candidates = completions_of(line, text, live_paths);
    std::ranges::reverse(candidates);
  }
  if (candidates.empty())
    return nullptr;
  auto result = candidates.back();
  candidates.pop_back();
  return ::strdup(result.c_str());
}

char** complete(const char* text, int, int) {
  rl_attempted_completion_over = 1; // no file names
  return rl_completion_matches(text, next_candidate);
}

// -- lines --------------------------------------------------------------------

// Where the lines come from.
class line_source {
public:
  virtual ~line_source() = default;
  virtual std::optional<std::string> next() = 0;
};

class script final : public line_source {
public:
  std::optional<std::string> next() override {
    std::string line;
    if (!std::getline(std::cin, line))
      return {};
    return line;
  }
};

// A person at a terminal; the lines are kept in a file beside the journal.
class person final : public line_source {
public:
  explicit person(const session& server) {
    server_of_completion = &server;
    rl_readline_name = const_cast<char*>("coppice");
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(longest_history);
    if (auto journal = journal::default_file()) {
      file_ = journal->parent_path() / "console_history";
      read_history(file_.c_str());
    }
  }

  ~person() override {
    if (!file_.empty())
      write_history(file_.c_str());
  }

  std::optional<std::string> next() override {
    std::unique_ptr<char, decltype(&std::free)> line{::readline("coppice> "),
                                                     &std::free};
    if (!line) {
      std::cout << std::endl;
      return {};
    }
    if (*line != '\0')
      ::add_history(line.get());
    return std::string{line.get()};
  }

private:
  std::string file_;
};

struct console_options {
  session server;
};

void declare_console(CLI::App& cmd, console_options& options) {
  add_admin_and_token(cmd, options.server);
  add_journal(cmd, options.server);
}

std::unique_ptr<line_source> open_lines(bool at_terminal,
                                        const session& server) {
  if (!at_terminal)
    return std::make_unique<script>();
  std::cout << "on the server at " << server.admin
            << "; help lists the commands, Tab completes, Ctrl-D leaves"
            << std::endl;
  return std::make_unique<person>(server);
}

// Runs one line, which has words; returns its exit code.
int run_line(std::vector<std::string> words, const session& server) {
  if (words == std::vector<std::string>{"help"}) {
    show_console_help();
    return done;
  }
  if (words.front() == "help") { // help kill: kill --help
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return run_command_line(words, server);
}

bool leaves(const std::vector<std::string>& words) {
  return words.size() == 1 && (words[0] == "exit" || words[0] == "quit");
}

// Runs the lines of standard input. A person gets a prompt, a history and
// completions, and goes on after a line that fails; a script ends there, with
// the exit code of that line.
int run_lines(const console_options& options) {
  auto answer = looking_at(options.server).get("/tree");
  if (answer)
    (void)paths_of(json_of(*answer)); // whether it is a server of coppice
  else if (answer.error().why != admin::request_error::code::refused)
    return report(answer.error());
  auto at_terminal = ::isatty(STDIN_FILENO) == 1;
  auto lines = open_lines(at_terminal, options.server);
  for (int number = 1; auto line = lines->next(); ++number) {
    auto words = words_of(*line);
    if (words && words->empty())
      continue;
    if (words && leaves(*words))
      return done;
    int code = usage;
    if (words)
      code = run_line(*words, options.server);
    else
      complain("a quote is not closed");
    if (code != done && !at_terminal) {
      complain("line " + std::to_string(number) + " failed: " + *line);
      return code;
    }
  }
  return done;
}

int run_console(const console_options& options) {
  return on_server(options.server, [&] { return run_lines(options); });
}

void add_commands(const std::vector<command_text>& from,
                  std::vector<std::string>& into) {
  for (auto& each : from)
    into.push_back(each.name);
}

// The command that the words before the last one name, as deep as they do; null
// if they name none.
const command_text* named_by(const std::vector<std::string>& words,
                             const command_text& all) {
  auto* result = &all;
  for (auto& word : words) {
    auto found
      = std::ranges::find(result->subcommands, word, &command_text::name);
    if (found == result->subcommands.end())
      break;
    result = &*found;
  }
  return result == &all ? nullptr : result;
}

// A path and all its ends: each may be written.
void add_ends(const std::string& path, std::vector<std::string>& into) {
  into.push_back(path);
  for (auto slash = path.find('/'); slash != path.npos;
       slash = path.find('/', slash + 1))
    into.push_back(path.substr(slash + 1));
}

bool takes_path(const command_text& what) {
  return std::ranges::any_of(what.options, [](auto& each) {
    return each.positional
           && (each.names.front() == "PATH" || each.names.front() == "PATTERN");
  });
}

} // namespace

std::vector<std::string>
completions_of(std::string_view line, std::string_view word,
               const std::function<std::vector<std::string>()>& paths) {
  command_line known{session{}};
  auto all = describe(*known.app, "");
  auto before = words_of(line.substr(0, line.size() - word.size()))
                  .value_or(std::vector<std::string>{});
  auto helps = !before.empty() && before.front() == "help";
  if (helps)
    before.erase(before.begin());
  std::vector<std::string> result;
  auto* command = named_by(before, all);
  if (before.empty()) {
    add_commands(all.subcommands, result);
    if (!helps)
      result.insert(result.end(), {"help", "quit"});
  } else if (command != nullptr && !command->subcommands.empty()) {
    add_commands(command->subcommands, result);
  } else if (command != nullptr && word.starts_with('-')) {
    for (auto& each : command->options)
      if (!each.positional)
        result.insert(result.end(), each.names.begin(), each.names.end());
  } else if (command != nullptr && !helps) {
    for (auto& each : command->options)
      if (each.positional)
        result.insert(result.end(), each.choices.begin(), each.choices.end());
    if (takes_path(*command))
      for (auto& path : paths())
        add_ends(path, result);
  }
  // What a terminal must not get cannot be completed.
  std::erase_if(result, [&](auto& each) {
    return !each.starts_with(word) || observe::printable(each) != each;
  });
  std::ranges::sort(result);
  result.erase(std::ranges::unique(result).begin(), result.end());
  return result;
}

std::optional<std::vector<std::string>> words_of(std::string_view line) {
  std::vector<std::string> result;
  std::optional<std::string> word;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto c = line[i];
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word = word.value_or("") + line[++i];
    } else if (quote != '\0') {
      if (c == quote)
        quote = '\0';
      else
        *word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      word = word.value_or("");
    } else if (c == ' ' || c == '\t' || c == '\r') {
      if (word)
        result.push_back(*std::exchange(word, std::nullopt));
    } else if (c == '#' && !word) {
      break;
    } else {
      word = word.value_or("") + c;
    }
  }
  if (quote != '\0')
    return {};
  if (word)
    result.push_back(std::move(*word));
  return result;
}

command console_command() {
  return command_of<console_options>(
    "console", group::run,
    "type commands for a running server, or run a script of them",
    declare_console, run_console);
}

} // namespace coppice::commands
