// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/endpoint.hpp"
#include "net/listener_set.hpp"
#include "net/socket.hpp"
#include "server/service_manager.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// Whether a passed socket has the name of one that a `socket_store` stored.
bool is_stored(std::string_view name);

/// Has the service manager keep the TCP sockets of listeners, so that clients
/// wait, and are not refused, while the program is restarted or after a crash.
/// Unix sockets are left out: their files may go with the program. For one
/// thread. Source: sd_pid_notify_with_fds(3) of systemd 257, FDSTORE.
class socket_store {
public:
  /// Takes what was stored before this start, of the passed sockets. Without
  /// `wanted` it is of no use, and `update` has it forgotten.
  socket_store(const std::vector<net::passed_socket>& passed, bool wanted);

  /// Has listeners use what was stored of them, if they are to listen there
  /// still. Before they start.
  void give_to(const net::listener_set& listeners);

  /// Has `manager` store what it does not have yet, and forget what is there no
  /// more.
  void update(const net::listener_set& listeners,
              const service_manager& manager);

private:
  bool wanted_;
  std::map<std::string, std::vector<net::socket>> found_; // by listener
  std::set<std::string> stored_; // listeners whose sockets the manager has
};

} // namespace coppice
