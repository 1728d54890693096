#pragma once

#include "coppice/net/socket.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coppice::net {

/// How a port is opened. Times are in whole seconds for the kernel, and at
/// least one.
struct listen_options {
  /// Clients that may wait to be accepted, on each socket; the kernel caps it
  /// at net.core.somaxconn.
  int backlog = 1024;
  /// Sockets on the port, >= 1. With more than one, the kernel deals clients
  /// out to them (SO_REUSEPORT); not for Unix sockets.
  unsigned sockets = 1;
  /// Permissions of the file of a Unix socket.
  unsigned unix_mode = 0660;
  /// After how long a silent TCP peer is probed for being there; unset: never.
  std::optional<std::chrono::seconds> keepalive = std::chrono::minutes{5};
  /// How long a TCP peer may leave sent bytes unacknowledged; unset: as long
  /// as the kernel says.
  std::optional<std::chrono::milliseconds> user_timeout = {};
};

/// A listening port: one socket, or several that share its address. Closed by
/// whoever holds it last; a Unix socket's file goes with it.
class port {
public:
  port(std::vector<socket> sockets, bool inherited);

  port(const port&) = delete;
  port& operator=(const port&) = delete;

  ~port();

  /// The socket of the acceptor of that index.
  const socket& at(unsigned index) const noexcept {
    return sockets_[index % sockets_.size()];
  }

  std::size_t sockets() const noexcept {
    return sockets_.size();
  }

  const endpoint& local() const noexcept {
    return local_;
  }

  /// Refuses clients from now on, also those who wait. Inherited sockets are
  /// only let go: who gave them keeps its clients. Any thread; idempotent.
  void shut() noexcept;

private:
  void remove_file() noexcept;

  std::vector<socket> sockets_; // not empty
  endpoint local_;
  bool inherited_;
  std::optional<unsigned long> inode_; // of the file of a Unix socket
};

/// A port, or why there is none.
struct open_result {
  std::shared_ptr<net::port> port = nullptr;
  int error = 0;            ///< errno of the call that failed; 0: none did.
  std::string message = {}; ///< For a person: what happened, what to do.
};

/// Opens a port: non-blocking sockets, closed on exec, with SO_REUSEADDR. What
/// is accepted from them has TCP_NODELAY and the options on time. `::` takes
/// IPv4, too, and falls back to `0.0.0.0` where there is no IPv6. The file of
/// a Unix socket on which nobody listens any more is replaced.
open_result listen_on(const endpoint& where,
                      const listen_options& options = {});

/// Makes a port of sockets that listen already, such as those of a service
/// manager. They stay open when the port goes; of `options` only those on time
/// count.
open_result adopt(const std::vector<int>& descriptors,
                  const listen_options& options = {});

/// The descriptors that a service manager passed to this process, by the
/// environment variables LISTEN_PID and LISTEN_FDS. Empty if they are not set,
/// or meant for another process. They are closed on exec from then on.
/// Source: sd_listen_fds(3).
std::vector<int> passed_descriptors();

} // namespace coppice::net
