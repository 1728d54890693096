// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "process/machine.hpp"
#include "process/notify_socket.hpp"
#include "process/probe_target.hpp"
#include "process/spawn.hpp"

#include <memory>
#include <optional>
#include <string>

namespace coppice::process {

/// A descriptor that is closed in the end.
class owned_fd {
public:
  owned_fd() = default;

  explicit owned_fd(int fd) : fd_(fd) {
    // nop
  }

  owned_fd(owned_fd&& other) noexcept : fd_(other.release()) {
    // nop
  }

  owned_fd& operator=(owned_fd&& other) noexcept {
    reset(other.release());
    return *this;
  }

  ~owned_fd() {
    reset();
  }

  int get() const noexcept {
    return fd_;
  }

  int release() noexcept {
    auto result = fd_;
    fd_ = -1;
    return result;
  }

  void reset(int fd = -1) noexcept;

private:
  int fd_ = -1;
};

/// A program that runs, and our ends of what it is connected with.
struct spawned_program {
  pid_t pid = -1;
  owned_fd pidfd = {};
  owned_fd standard_output = {}; ///< Only if it goes to the log, as …
  owned_fd standard_error = {};  ///< … this.
  owned_fd ready = {};           ///< Of `readiness::kind::fd`.
  std::unique_ptr<notify_socket> notify = {};
  std::optional<probe_target> probe = {};
  uid_t user = 0;
};

/// Starts a program with `mark` in its environment. It may wait for disks and
/// for the directory of users: for the thread of `spawner`.
expected<spawned_program, spawn_error> start_program(const order& what,
                                                     const std::string& mark);

/// Starts `what.ready.command` in the same surroundings, without any output.
expected<spawned_program, spawn_error> start_probe(const program& what,
                                                   const std::string& mark);

} // namespace coppice::process
