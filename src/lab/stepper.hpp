// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/engine_world.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coppice::lab {

struct started_child {
  std::string id;
  std::string supervisor;
};

/// Plays a scenario on engines, one step at a time, forth and back.
class stepper {
public:
  explicit stepper(scenario plan);

  const scenario& plan() const noexcept {
    return *plan_;
  }

  /// How many steps were played.
  std::size_t played() const noexcept {
    return played_;
  }

  bool at_end() const noexcept {
    return played_ == plan_->steps.size();
  }

  /// @pre not at the end
  const step& next() const {
    return plan_->steps[played_];
  }

  /// Plays the next step.
  /// @pre not at the end
  void forward();

  /// Takes the last step back; does nothing if none was played.
  void back();

  const engine_world& world() const noexcept {
    return world_;
  }

  /// The children that the last step started again, each once, with the
  /// supervisor that did so.
  std::vector<started_child> started_again() const;

  /// Which of them somebody has to name who guesses: not those whose supervisor
  /// was started again, too.
  std::vector<std::string> to_be_named() const;

  std::optional<observe::node_view> tree() const {
    return world_.look();
  }

  /// How the tree is, in a sentence, if nothing else is played.
  std::string ending() const;

private:
  std::shared_ptr<const scenario> plan_;
  engine_world world_;
  std::size_t played_ = 0;
};

} // namespace coppice::lab
