// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/supervision/child_spec.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// Scenario files: a supervision tree and what is done to it, step by step.
namespace coppice::lab {

struct child_def;
struct step;
struct supervisor_def;

/// What one call of a start function does.
struct start_plan {
  enum class result {
    ok,        ///< A child runs.
    ok_info,   ///< … and `term` goes to the caller of start_child.
    ignore,    ///< No child, no error.
    error,     ///< The start function returns the error `term`.
    exit,      ///< It exits with `term`.
    thrown,    ///< It throws `term`, which counts as if it was returned.
    raise,     ///< It raises the error `term`.
    value,     ///< It returns `term`.
    init_exit, ///< A child comes into being, says no, and exits with `term`.
  };
  /// Put into the supervisor's mailbox while the start function runs.
  std::vector<step> during;
  result what = result::ok;
  std::string term = {};
  /// R, if `term` was {error,R}.
  std::optional<std::string> error = {};
};

/// What a child that traps exits does when it is asked to stop.
struct shutdown_plan {
  enum class answer { comply, ignore, exit, delay };
  answer what = answer::comply;
  /// For `answer::exit`.
  supervision::exit_reason reason = supervision::exit_reason::shutdown();
  /// For `answer::delay`; >= 0 ms.
  std::chrono::milliseconds delay{0};
};

/// A worker, or a supervisor with children of its own if `nested` is set.
struct child_def {
  supervision::child_spec spec;
  /// Of the first, second, … attempt to start it; the last one repeats.
  std::vector<start_plan> starts;
  bool trap_exit = false;
  shutdown_plan on_shutdown;
  std::shared_ptr<const supervisor_def> nested;

  /// The plan of attempt `n` >= 1.
  const start_plan& plan(std::size_t n) const;

  /// Whether the child decides for itself what a shutdown signal does to it.
  bool traps() const noexcept {
    return trap_exit || on_shutdown.what != shutdown_plan::answer::comply;
  }
};

struct supervisor_def {
  std::string id;
  supervision::flags flags;
  std::vector<child_def> children;
  /// The init callback declines: there is no supervisor, and no error.
  bool init_ignores = false;

  bool dynamic() const noexcept {
    return flags.strategy == supervision::strategy::simple_one_for_one;
  }
};

/// What can be done to a tree.
enum class op {
  start,
  exit,
  kill,
  unlink,
  exit_later,
  start_child,
  terminate_child,
  restart_child,
  delete_child,
  get_childspec,
  which_children,
  which_child,
  count_children,
  child_signals_sup,
  probe_alive,
  parent_signal,
  parent_exit,
  exit_signal,
  stop,
  info,
  cast,
  rawcall,
  sleep_ms,
  advance_ms,
};

std::string_view to_string(op value);

/// The receiver of a step.
enum class addressee {
  nobody,  ///< Time passes, or it is what a coppice child cannot do.
  parent,  ///< The process that starts the tree.
  service, ///< A supervisor, which answers.
  child,
  supervisor, ///< … by a signal or a message.
};

addressee addressee_of(op value);

struct step {
  op what = op::start;
  /// The supervisor that it goes to; empty means the top one.
  std::string sup = {};
  /// The child that it is about.
  std::string child = {};
  /// Which instance of it: 1 is the first, 0 the latest.
  std::size_t n = 0;
  /// Whether `child` stands for a process, not for a specification.
  bool by_pid = false;
  supervision::exit_reason reason = supervision::exit_reason::normal();
  /// How long to wait; >= 0 ms.
  std::chrono::milliseconds time{0};
  /// start_child: unset means an instance of the template, called `child`.
  std::shared_ptr<const child_def> spec = {};
  std::string msg = {};
};

/// Does a step in `world`, by the function of it that is for the addressee.
/// `during`: a start function asks for it, and waits for no answer.
template <class World>
void perform(World& world, const step& what, bool during) {
  switch (addressee_of(what.what)) {
  case addressee::nobody:
    break;
  case addressee::parent:
    world.start_top();
    break;
  case addressee::service:
    world.ask(what, during);
    break;
  case addressee::child:
    world.tell_child(what);
    break;
  case addressee::supervisor:
    world.tell_supervisor(what);
    break;
  }
}

struct scenario {
  std::string name;
  supervisor_def top;
  std::vector<step> steps;
  /// What it teaches, for a person; may be empty.
  std::string about = {};
};

/// Whether it asks for something that only coppice can do, so that no other
/// supervisor can be compared with it: a child with a budget of its own.
bool is_beyond_otp(const scenario& what);

/// A place in a text: both count from 1, columns in characters.
struct text_place {
  std::size_t line = 1;
  std::size_t column = 1;

  friend bool operator==(const text_place&, const text_place&) = default;
};

/// Why a text is no scenario.
struct scenario_error {
  std::string file;
  /// A JSON pointer into the file; empty if it is no JSON at all.
  std::string path;
  /// What was expected there, and what was found.
  std::string message;
  /// Where that is; nothing if the text is not at hand.
  std::optional<text_place> place = {};
};

/// `t.json:7:12: /steps/0/op: expected start, exit, …, found "hop"`
std::string to_string(const scenario_error& error);

/// Reads the scenario that stands in `text`, JSON with comments as in C++;
/// `file` is for error messages.
expected<scenario, scenario_error> parse_scenario(std::string_view text,
                                                  const std::string& file);

/// The same for JSON that is parsed already.
expected<scenario, scenario_error> read_scenario(const nlohmann::json& value,
                                                 const std::string& file);

/// Reads a scenario from a file.
expected<scenario, scenario_error> load_scenario(const std::string& file);

/// The JSON of a file, without its comments; whether it is a scenario is not
/// looked at.
expected<nlohmann::json, scenario_error> load_json(const std::string& file);

/// One line that says what a step does, for a person.
std::string describe(const step& what);

} // namespace coppice::lab
