// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"
#include "lab/term.hpp"
#include "lab/trace.hpp"
#include "supervision/engine.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What every world that plays scenarios has to write down, and the names that
/// it writes things down by.
namespace coppice::lab {

/// What a key of an engine stands for.
struct slot {
  std::shared_ptr<const child_def> def;
  std::string name;
};

/// A question that a supervisor has not answered yet.
struct open_question {
  asked what;
  std::optional<slot> added; ///< start_child: what it adds.
};

/// One attempt to start a child.
struct attempt {
  slot what;
  label name;

  const start_plan& plan() const {
    return what.def->plan(name.n);
  }
};

/// A supervisor as its chronicler knows it.
struct supervisor_record {
  label name;
  std::shared_ptr<const supervisor_def> def;
  std::map<supervision::child_key, slot> slots;
  std::map<supervision::instance_id, label> instances;
  std::map<supervision::request_id, open_question> questions;
  supervision::request_id last_question = 0;
  /// Of those that it will notice and not know, in this order.
  std::deque<label> strangers;
  std::string last_reason; ///< Of the exit noticed last.
  bool up = false;

  supervisor_record(label who, std::shared_ptr<const supervisor_def> what);

  /// Remembers a question; their ids are 1, 2, 3, …
  supervision::request_id ask(open_question what);
};

/// Writes down what happens in a world.
class chronicle {
public:
  /// Sets the number of the step that now brings things about.
  void begin_step(std::size_t number) {
    step_ = number;
  }

  void note(supervision::time_point now, trace_event what);

  /// Numbers the next instance of what is called `id`.
  label next(const std::string& id) {
    return {id, ++attempts_[id]};
  }

  /// The attempt that `cmd` of `sup` calls for.
  attempt begin(supervisor_record& sup, const supervision::start_instance& cmd);

  /// Notes what `cmd` of `sup` says.
  void tell(supervision::time_point now, supervisor_record& sup,
            const supervision::command& cmd);

  const std::vector<moment>& moments() const noexcept {
    return moments_;
  }

private:
  std::vector<moment> moments_;
  std::map<std::string, std::size_t> attempts_;
  std::size_t step_ = 0;
};

/// What the start function of `plan` answers, as a trace has it.
std::string answer_of(const start_plan& plan);

/// The reason of a start that fails as `plan` says.
/// Source: OTP supervisor, what it makes of a start function's answer.
supervision::exit_reason failure_of(const start_plan& plan);

/// Whether a child runs after `plan`.
bool runs(const start_plan& plan);

/// Whether `plan` declines to start a child, which is no error.
/// Source: OTP supervisor, as `failure_of`.
bool ignores(const start_plan& plan);

/// The question that `what` puts to `sup`.
open_question question_of(const step& what, const supervisor_record& sup);

} // namespace coppice::lab
