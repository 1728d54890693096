// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/types.h>

/// What is there while a driver plays, for `tidy_up_when_stopped`: at most one
/// process group and one folder at a time.
namespace coppice::lab {

/// Holds back the signals that stop this process, in this thread, so that
/// nothing can be made without being noted.
class no_stop {
public:
  no_stop();
  no_stop(const no_stop&) = delete;
  no_stop& operator=(const no_stop&) = delete;
  ~no_stop();

  /// The signals that were blocked before.
  const sigset_t& before() const noexcept {
    return before_;
  }

private:
  sigset_t before_;
};

/// A folder and the files that may be in it.
struct left_folder {
  std::string path;
  std::vector<std::string> files;
};

/// The process group to be killed; 0 if there is none any more.
void note_group(pid_t group) noexcept;

/// The folder to be removed, which lives until there is another, or nullptr.
void note_folder(const left_folder* folder) noexcept;

} // namespace coppice::lab
