// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/net/endpoint.hpp"
#include "net/last_clients.hpp"
#include "net/socket.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coppice::net {

/// A listening port: one socket, or several that share its address. Closed when
/// its last user goes; the file of a Unix socket goes with it.
class port {
public:
  /// `shared`: another process has the sockets, too, and keeps its clients.
  port(std::vector<socket> sockets, bool shared);

  port(const port&) = delete;
  port& operator=(const port&) = delete;

  ~port();

  /// The sockets of acceptor number `index`, one of `acceptors`: each socket
  /// has an acceptor, and each acceptor a socket.
  std::vector<int> of(unsigned index, std::size_t acceptors) const;

  std::size_t sockets() const noexcept {
    return sockets_.size();
  }

  const endpoint& local() const noexcept {
    return local_;
  }

  /// Copies of its sockets. Throws `std::system_error` if there is no
  /// descriptor left.
  std::vector<socket> copies() const;

  /// Says whether another process has the sockets from now on. Any thread.
  void share(bool on) noexcept {
    shared_ = on;
  }

  /// Whether it is a Unix socket whose file has gone, or is that of another one
  /// by now: no client can come any more.
  bool has_lost_file() const noexcept;

  /// Lets no more clients in, and gives `take` those that wait, so that none of
  /// them is reset by `shut`. With shared sockets others may go on to come.
  /// Blocks as `accept_last_clients` does. Any thread.
  void accept_last(const client_taker& take) noexcept;

  /// Refuses clients from now on, also those that wait. Does nothing to shared
  /// sockets: the other process keeps its clients. Any thread; idempotent.
  void shut() noexcept;

private:
  void remove_file() noexcept;

  std::vector<socket> sockets_; // not empty
  endpoint local_;
  std::atomic<bool> shared_;
  std::optional<unsigned long> inode_; // of the file of a Unix socket
};

/// Why there is no port.
struct open_error {
  int number = 0;           ///< errno of the call that failed.
  std::string message = {}; ///< For a person: what happened, what to do.
};

using open_result = expected<std::shared_ptr<port>, open_error>;

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

} // namespace coppice::net
