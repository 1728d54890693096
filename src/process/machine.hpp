// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "process/program_end.hpp"

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

/// What programs run on: Linux, or a fake for virtual time.
namespace coppice::process {

/// What is to be started.
struct order {
  std::shared_ptr<const program> what;
  std::string path; ///< Of the child.
  /// Whose path it is. A program is started only once its predecessor at the
  /// same path has gone, or has not gone for long.
  const void* tree = nullptr;
  std::optional<std::chrono::milliseconds> progress_within = {};
};

/// Hears of one program. Called from any thread, one call at a time; the last
/// one is `not_started` or `ended`.
class observer {
public:
  virtual ~observer() = default;

  virtual void started(pid_t pid) = 0;
  /// For a person: which step failed, and how.
  virtual void not_started(std::string why) = 0;
  /// As `program::ready` says; after `started`, and not for `exit`.
  virtual void ready() = 0;
  /// SIGKILL has not ended it for a moment; `state` says what it does.
  virtual void survives(std::string state) = 0;
  /// `WATCHDOG=1`.
  virtual void progressed() = 0;
  /// `WATCHDOG=trigger`.
  virtual void gave_itself_up() = 0;
  /// It and its group have gone, and its output was read.
  virtual void ended(program_end how) = 0;
};

/// A program that was to be started. Any thread; after its end nothing happens.
class handle {
public:
  virtual ~handle() = default;

  /// Sends it the stop signal, and to its group what outlives it.
  virtual void stop() = 0;

  /// Kills it and all that belongs to it, until nothing is left of that. With a
  /// signal `first` it gets that before, and a few seconds.
  virtual void kill(int first = 0) = 0;

  /// Sends it a signal.
  virtual void signal(int number) = 0;
};

class machine {
public:
  virtual ~machine() = default;

  /// Begins to start a program. Does not wait. Any thread.
  virtual std::shared_ptr<handle> start(order what,
                                        std::shared_ptr<observer> to)
    = 0;
};

/// This computer.
machine& linux_machine();

} // namespace coppice::process
