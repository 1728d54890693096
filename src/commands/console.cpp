#include "commands/console.hpp"

#include "admin/client.hpp"
#include "journal/store.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <editline/readline.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>

namespace coppice::commands {

namespace {

using nlohmann::json;

struct verb {
  const char* name;
  const char* help;
  bool takes_path;
};

// Every other command of coppice that talks to a server can be given, too.
constexpr std::array verbs{
  verb{"tree", "draw the actors", false},
  verb{"children", "list the children of a supervisor", true},
  verb{"info", "tell all about one actor", true},
  verb{"watch", "show what happens, until Ctrl-C", true},
  verb{"why", "tell the story of its last restart or end", true},
  verb{"events", "list what happened: --since 10m, --path 'acceptor:*'", false},
  verb{"kill", "end an actor; it cannot help it", true},
  verb{"exit", "end an actor with a reason: exit PATH boom; alone: leave",
       true},
  verb{"stop", "stop a child; it is not restarted", true},
  verb{"start", "start a child that is stopped", true},
  verb{"restart", "stop a child and start it again", true},
  verb{"status", "show listeners, their limits and counters", false},
  verb{"suspend", "close a listener's port", false},
  verb{"resume", "open it again", false},
  verb{"limit", "change a listener's limits", false},
  verb{"fault", "ask for faults: fault list, fault set, fault clear, ...",
       true},
  verb{"toxic", "make the network a bad one", false},
  verb{"nemesis", "run a schedule of faults", false},
  verb{"log", "show or set what the server's log leaves out", false},
  verb{"drain", "let connections finish, then end the server", false},
  verb{"help", "show this; VERB --help shows its options", false},
};

constexpr int longest_history = 1000;

void show_help() {
  for (auto& each : verbs)
    std::printf("  %-9s %s\n", each.name, each.help);
  std::printf("A path is as tree --json and completion (Tab) show it. Quotes "
              "keep words together, # begins a comment.\n");
}

// -- completion ---------------------------------------------------------------

// The library calls plain functions.
const session* server_of_completion = nullptr;

void collect_paths(const json& node, std::vector<std::string>& into) {
  if (auto path = node.find("path"); path != node.end() && path->is_string())
    into.push_back(*path);
  if (auto children = node.find("children"); children != node.end())
    for (auto& child : *children)
      collect_paths(child, into);
}

std::vector<std::string> live_paths() {
  std::vector<std::string> result;
  auto answer = admin::client{server_of_completion->admin, {}}.get("/tree");
  auto root = json::parse(answer.body, nullptr, false);
  if (answer.status == 200 && root.is_object())
    collect_paths(root, result);
  return result;
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
      for (auto& each : verbs)
        candidates.emplace_back(each.name);
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

// A person at a terminal, whose lines are remembered beside the journal.
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

void add_console(CLI::App& app, console_options& options) {
  auto* cmd = app.add_subcommand(
    "console", "a shell on a running server; obeys the lines of a script, too");
  cmd
    ->add_option("--admin", options.server.admin,
                 "HOST:PORT of the server's admin API")
    ->capture_default_str();
  cmd->add_option("--token-file", options.server.token_file,
                  "where the server's admin token is");
  cmd->add_option("--journal", options.server.journal,
                  "the journal's file, for events and why");
}

int run_console(const console_options& options) {
  auto at_terminal = ::isatty(STDIN_FILENO) == 1;
  if (auto answer = admin::client{options.server.admin, {}}.get("/tree");
      answer.status == 0) {
    std::cerr << "coppice: " << answer.error << std::endl;
    return unreachable;
  }
  std::unique_ptr<line_source> lines;
  if (at_terminal) {
    std::cout << "on the server at " << options.server.admin
              << "; help lists the commands, Tab completes, Ctrl-D leaves"
              << std::endl;
    lines = std::make_unique<person>(options.server);
  } else {
    lines = std::make_unique<script>();
  }
  for (int number = 1; auto line = lines->next(); ++number) {
    auto words = words_of(*line);
    if (words && words->empty())
      continue;
    int code = usage;
    if (!words) {
      std::cerr << "coppice: a quote is not closed" << std::endl;
    } else if (words->front() == "help" && words->size() == 1) {
      show_help();
      std::fflush(stdout);
      code = done;
    } else if (*words == std::vector<std::string>{"exit"}
               || *words == std::vector<std::string>{"quit"}) {
      return done;
    } else {
      code = run_command_line(*words, options.server);
      std::cout.flush();
    }
    if (code != done && !at_terminal) {
      std::cerr << "coppice: line " << number << " failed: " << *line
                << std::endl;
      return code;
    }
  }
  return done;
}

} // namespace coppice::commands
