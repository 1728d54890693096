// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "child_process.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace coppice_test {

/// What a test changes of `coppice serve`; the ports are the kernel's choice.
struct serve_options {
  std::vector<std::string> args = {};
  std::string bind = "127.0.0.1"; ///< Empty: not said.
  std::string port = "0";         ///< Empty: not said.
  std::string admin = "127.0.0.1:0";
  std::vector<std::pair<std::string, std::string>> env = {};
  std::optional<rlim_t> max_open_files = {};
  /// See launch_options.
  std::vector<int> listen_fds = {};
  int standard_error = -1;
  bool without_input = false;
  std::string directory = {};
  /// Another server than `coppice serve`, made with the library.
  std::string program = {};
};

/// A running `coppice serve`, or another server; the constructor returns when
/// it serves.
class server_process {
public:
  explicit server_process(const serve_options& options = {});

  std::uint16_t port() const {
    return port_;
  }
  /// A loopback address, or `unix:PATH`, at which a client reaches it.
  const std::string& host() const {
    return host_;
  }
  std::uint16_t admin_port() const {
    return admin_port_;
  }
  /// HOST:PORT or unix:PATH of the admin page, as `--admin` takes it.
  std::string admin_address() const;

  pid_t pid() const {
    return child_.pid();
  }
  bool running() {
    return child_.running();
  }
  void signal(int number) {
    child_.signal(number);
  }
  std::optional<int> wait_exit(milliseconds budget = patience) {
    return child_.wait_exit(budget);
  }

  const std::string& out() const {
    return child_.out();
  }
  std::string err() const {
    return child_.err();
  }

  /// Runs `coppice ARGS --admin <this server's>` to its end.
  command_result cli(std::vector<std::string> args,
                     std::vector<std::pair<std::string, std::string>> env
                     = {}) const;

private:
  bool announced();
  void await_announcement();

  child_process child_;
  std::string host_;
  std::uint16_t port_ = 0;
  std::uint16_t admin_port_ = 0;
  std::string local_admin_; // unix:PATH
};

} // namespace coppice_test
