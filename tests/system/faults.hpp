// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server_process.hpp"
#include "temporary_directory.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace coppice_test {

/// Faults of the system that a server sees, by a library that is loaded into
/// it. Orders count at once, and only for the server started with `inject`.
class faults {
public:
  /// Adds what makes the server listen to orders.
  void inject(serve_options& options) const;

  /// The next `count` calls of accept on the server's port fail with `error`.
  void fail_accept(const server_process& server, int error, int count);
  /// The same on the port of its admin page.
  void fail_admin_accept(const server_process& server, int error, int count);
  /// How many have, since the start.
  int injected() const;
  bool await_injected(int wanted) const;

  /// Turns the server's wall clock, forward or back.
  void turn_wall_clock(std::chrono::seconds by);

  /// From now on no thread can be made, or again.
  void take_threads();
  void give_threads();

private:
  void fail_accept_on(std::uint16_t port, int error, int count);
  void write(const std::string& name, const std::string& text) const;

  temporary_directory directory_;
  int orders_ = 0;
};

} // namespace coppice_test
