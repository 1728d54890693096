// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin_api.hpp"
#include "server_process.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace coppice_test {

/// One listener of a running server, over its admin page.
class listener_api {
public:
  explicit listener_api(const server_process& server,
                        std::string name = "echo");

  json status();
  json counters();
  int active();
  /// The port of "local".
  std::uint16_t port();

  /// What they answer; anything but 200 throws.
  json suspend();
  json resume();
  json set_limits(const json& limits);

  /// The answer to any of these, whatever its status.
  http_response order(const std::string& what, const std::string& body = "{}");
  /// The answer to an order to drain the server.
  http_response drain(const json& body = json::object());

  /// Waits until the status is as wanted.
  bool await(const std::function<bool(const json&)>& wanted);
  bool await_state(const std::string& state);
  bool await_active(int wanted);
  /// Waits until accepted = closed + active, as it must be once nothing moves.
  bool await_balance();
  bool await_counter(const std::string& name, std::int64_t wanted);

private:
  json checked(const std::string& what, const std::string& body);

  http_client http_;
  std::string target_;
};

} // namespace coppice_test
