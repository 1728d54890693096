// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

/// Where a stream socket listens or is connected to: an IPv4 or IPv6 address
/// with a port, or the path of a Unix socket.
class endpoint {
public:
  endpoint() noexcept = default;

  /// Reads a numeric address or `localhost` (127.0.0.1); nothing if it is
  /// neither. An IPv6 address may stand in brackets, and may have a scope:
  /// `fe80::1%eth0` or, by number, `fe80::1%2`.
  static std::optional<endpoint> parse(std::string_view address,
                                       std::uint16_t port);

  /// The Unix socket at `path`; nothing if it is empty, has a NUL in it, or is
  /// too long for the kernel (107 bytes).
  static std::optional<endpoint> unix_path(std::string_view path);

  /// Where `fd` is bound.
  static endpoint local(int fd);

  int family() const noexcept {
    return storage_.ss_family;
  }

  bool is_unix() const noexcept {
    return family() == AF_UNIX;
  }

  /// 0 for a Unix socket.
  std::uint16_t port() const noexcept;

  /// The numeric address, or the path of a Unix socket.
  std::string address() const;

  /// Whether only this machine can reach it; so it is for Unix sockets.
  bool loopback() const noexcept;

  /// Whether this stands for all addresses of the machine.
  bool any() const noexcept;

  const sockaddr* data() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }

  socklen_t size() const noexcept {
    return size_;
  }

private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

/// `127.0.0.1:6000`, `[::1]:6000` or `unix:/run/echo.sock`.
std::string to_string(const endpoint& ep);

/// How a port is opened. Times are in whole seconds for the kernel, and at
/// least one.
struct listen_options {
  /// Clients that may wait to be accepted, on each socket; the kernel caps it
  /// at net.core.somaxconn.
  int backlog = 1024;
  /// Sockets on the port, >= 1. With more than one, the kernel deals clients
  /// out to them (SO_REUSEPORT); not for Unix sockets.
  unsigned sockets = 1;
  /// Whether other servers of this user that say so, too, may listen on the
  /// same TCP port: the kernel deals clients out to all of them.
  bool share_port = false;
  /// Permissions of the file of a Unix socket.
  unsigned unix_mode = 0660;
  /// After how long a silent TCP peer is probed for being there; unset: never.
  std::optional<std::chrono::seconds> keepalive = std::chrono::minutes{5};
  /// How long a TCP peer may leave sent bytes unacknowledged; unset: as long
  /// as the kernel says.
  std::optional<std::chrono::milliseconds> user_timeout = {};
};

/// A socket that a service manager passed to this process.
struct passed_socket {
  int descriptor = -1;
  std::string name = {}; ///< By LISTEN_FDNAMES; empty: it has none.
};

/// The sockets that a service manager passed to this process, by the variables
/// LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PIDFDID. Empty if they are
/// not set, or meant for another process. They are closed on exec from then on.
/// The error is a line for a person: a variable makes no sense.
/// Source: sd_listen_fds(3) of systemd 262.
expected<std::vector<passed_socket>, std::string> passed_sockets();

} // namespace coppice::net
