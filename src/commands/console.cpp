// SPDX-License-Identifier: BSD-3-Clause

#include "commands/console.hpp"

#include "commands/command_line.hpp"
#include "commands/journal_file.hpp"
#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "commands/table.hpp"
#include "journal/store.hpp"
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
  result.emplace_back("help", "show this; COMMAND --help shows its options");
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
  auto root = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !root.is_object())
    return {};
  return paths_of(root);
}

// What the word may become; the library frees what it is given.
char* next_candidate(const char* text, int state) {
  static std::vector<std::string> candidates;
  if (state == 0) {
    candidates.clear();
    auto first
      = std::string_view{rl_line_buffer, static_cast<std::size_t>(rl_point)}
          .find(' ')
        == std::string_view::npos;
    if (first)
      for (auto& [name, _] : console_verbs())
        candidates.push_back(name);
    else
      candidates = live_paths();
    std::erase_if(candidates,
                  [&](auto& each) { return !each.starts_with(text); });
    std::reverse(candidates.begin(), candidates.end());
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
int run_line(const std::vector<std::string>& words, const session& server) {
  if (words == std::vector<std::string>{"help"}) {
    show_console_help();
    return done;
  }
  auto code = run_command_line(words, server);
  std::cout.flush();
  return code;
}

bool leaves(const std::vector<std::string>& words) {
  return words.size() == 1 && (words[0] == "exit" || words[0] == "quit");
}

// Runs the lines of standard input. A person gets a prompt, a history and
// completions, and goes on after a line that fails; a script ends there, with
// the exit code of that line.
int run_console(const console_options& options) {
  if (auto answer = looking_at(options.server).get("/tree"); answer.status == 0)
    return report(answer);
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
      std::cerr << "coppice: a quote is not closed" << std::endl;
    if (code != done && !at_terminal) {
      std::cerr << "coppice: line " << number << " failed: " << *line
                << std::endl;
      return code;
    }
  }
  return done;
}

} // namespace

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
