// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/socket.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace coppice {

/// The service manager that started this process and wants to hear how it is:
/// systemd's protocol, by the variables NOTIFY_SOCKET, WATCHDOG_USEC and
/// WATCHDOG_PID. What cannot be sent is dropped, since nobody may keep a server
/// waiting. Source: sd_notify(3), sd_watchdog_enabled(3) of systemd 257.
class service_manager {
public:
  /// Reads the variables.
  service_manager();

  /// Whether there is one.
  bool present() const noexcept {
    return !address_.empty();
  }

  /// How often to say that all is well; unset: it does not wait for that.
  std::optional<std::chrono::microseconds> watchdog() const noexcept {
    return watchdog_;
  }

  /// Has it keep copies of these sockets under a name, for the next start.
  /// Nothing happens if the unit has no room for them
  /// (FileDescriptorStoreMax).
  void store(const std::string& name,
             const std::vector<net::socket>& sockets) const;

  /// Has it close all that it keeps under that name.
  void forget(const std::string& name) const;

  /// Sends nothing from now on.
  void leave() noexcept {
    address_.clear();
  }

  /// Sends `STATUS=` with `status`, and more lines of the protocol before it.
  void tell(const std::string& lines, const std::string& status) const;

private:
  void send(const std::string& text, const std::vector<int>& sockets) const;

  std::string address_; // empty: there is none
  std::optional<std::chrono::microseconds> watchdog_;
  net::socket socket_;
};

} // namespace coppice
