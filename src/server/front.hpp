// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/arguments.hpp"
#include "server/host.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace coppice {

/// What `server`, `application` and `coppice serve` have in common: settings
/// that a command line may change, and the host that is made of them.
/// Thread-safe.
class front {
public:
  /// What it is made of, but for what arguments say.
  struct plan {
    host_settings settings;
    program_arguments program;
    /// Of the listeners of `settings`, in their order; the command line changes
    /// the first. Those beyond need none.
    std::vector<listener_arguments> listeners = {};
    std::string description = {};
    std::function<void(CLI::App&)> options = {};
  };

  explicit front(plan what);

  /// Reads the command line, and runs until the end; returns the exit code.
  int run(int argc, const char* const* argv);

  /// Runs until the end, and returns the exit code.
  expected<int, start_error> run();

  expected<void, start_error> start();

  /// Null before the start.
  std::shared_ptr<host> running() const;

private:
  expected<std::shared_ptr<host>, start_error> make_host(bool as_program);
  void forget_host();

  plan plan_;
  mutable std::mutex mutex_;
  std::shared_ptr<host> host_; // guarded by mutex_
};

} // namespace coppice
