// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/supervision/exit_reason.hpp"
#include "server/programs/tree_file.hpp"

#include <memory>

namespace coppice::programs {

/// The programs of a tree, from their start to their end. Copies stand for the
/// same ones. Any thread.
class program_group {
public:
  explicit program_group(const tree& what);

  /// The supervisor of them all. It is transient and significant: its end is
  /// that of a supervisor above that ends with any significant child.
  actor::child_spec spec() const;

  /// Kills all programs; from now on none is started.
  void kill();

  /// What to end with after an orderly end: the exit code of the program that
  /// was chosen for that; 0 if there is none. To be called once the tree has
  /// ended; may wait for a moment.
  int exit_code() const;

private:
  struct state;

  std::shared_ptr<state> state_;
};

/// The exit code that stands for the end of a program: its own, 128 and the
/// number of a signal, 0 for one that was asked to stop, else 1.
int exit_code_of(const supervision::exit_reason& reason);

} // namespace coppice::programs
