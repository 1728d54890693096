// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_step.hpp"

#include "commands/colours.hpp"
#include "commands/console.hpp"
#include "commands/tree_drawing.hpp"

#include "admin/tree_json.hpp"
#include "fault/names.hpp"
#include "lab/rules.hpp"
#include "lab/stepper.hpp"
#include "lab/story.hpp"
#include "observe/printable.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace coppice::commands {

namespace {

using guess = std::set<std::string>;

constexpr auto how_to_step
  = "Enter plays the next step. You can guess first: name the children that it "
    "will start\nagain, or say none. back takes a step back, quit leaves.\n";

void add_ids(const observe::node_view& node, std::vector<std::string>& ids) {
  ids.push_back(node.id);
  for (auto& child : node.children)
    add_ids(child, ids);
}

std::string in_words(const std::vector<lab::started_child>& children) {
  std::string result;
  for (auto& each : children)
    result += (result.empty() ? "" : ", ") + observe::printable(each.id);
  return result.empty() ? "No child was started again."
                        : "Started again: " + result + ".";
}

// Children of a supervisor that was started again need not be named.
bool is_right(const guess& guessed, const lab::stepper& stepper) {
  auto started = stepper.started_again();
  return std::ranges::all_of(guessed,
                             [&](const std::string& id) {
                               return std::ranges::find(started, id,
                                                        &lab::started_child::id)
                                      != started.end();
                             })
         && std::ranges::all_of(stepper.to_be_named(),
                                [&](auto& id) { return guessed.contains(id); });
}

class walk {
public:
  explicit walk(lab::scenario plan)
      : stepper_(std::move(plan)), at_terminal_(::isatty(STDIN_FILENO) == 1) {
    // nop
  }

  int run() {
    std::cout << title_of(stepper_.plan()) << "\n" << how_to_step;
    show_next();
    while (!stepper_.at_end()) {
      auto line = next_line();
      if (!line || !obey(*line))
        break;
    }
    std::cout << std::flush;
    return done;
  }

private:
  std::optional<std::string> next_line() {
    if (at_terminal_)
      std::cout << "> " << std::flush;
    std::string line;
    if (std::getline(std::cin, line))
      return line;
    if (at_terminal_)
      std::cout << "\n";
    return {};
  }

  // Returns whether to go on.
  bool obey(const std::string& line) {
    auto words = words_of(line);
    if (!words) {
      std::cout << "a quote is not closed\n";
    } else if (words->empty()) {
      play({});
    } else if (*words == std::vector<std::string>{"quit"}) {
      return false;
    } else if (*words == std::vector<std::string>{"back"}) {
      stepper_.back();
      show_tree();
      show_next();
    } else if (auto guessed = read_guess(*words)) {
      play(guessed);
    }
    return true;
  }

  // Names of children; says so if one is none.
  std::optional<guess> read_guess(const std::vector<std::string>& words) {
    std::vector<std::string> known;
    if (auto root = stepper_.tree())
      add_ids(*root, known);
    guess result;
    for (auto word : words) {
      if (word.ends_with(','))
        word.pop_back();
      if (words.size() == 1 && word == "none")
        return result;
      if (std::ranges::find(known, word) == known.end()) {
        std::cout << "there is no child \"" << observe::printable(word, 100)
                  << "\"" << fault::did_you_mean(word, known) << "\n";
        return {};
      }
      result.insert(word);
    }
    return result;
  }

  void play(const std::optional<guess>& guessed) {
    stepper_.forward();
    std::cout << lines_of(stepper_.world().moments(), stepper_.played(),
                          colours());
    if (guessed)
      std::cout << (is_right(*guessed, stepper_) ? "\nRight. " : "\nNot so. ")
                << in_words(stepper_.started_again()) << "\n";
    show_tree();
    if (stepper_.at_end())
      std::cout << "\n" << stepper_.ending() << "\n";
    else
      show_next();
  }

  void show_tree() {
    if (auto root = stepper_.tree())
      std::cout << "\n" << draw_tree(admin::to_json(*root), colours());
  }

  void show_next() {
    auto number = stepper_.played() + 1;
    auto& steps = stepper_.plan().steps;
    if (!stepper_.at_end())
      std::cout << "\nStep " << number << " of " << steps.size() << ": "
                << observe::printable(describe(stepper_.next())) << "\n"
                << rule_lines(stepper_.world(), stepper_.next()) << std::flush;
  }

  lab::stepper stepper_;
  bool at_terminal_;
};

} // namespace

int step_through(lab::scenario plan) {
  return walk{std::move(plan)}.run();
}

} // namespace coppice::commands
