// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/endpoint.hpp"
#include "coppice/observe/peer_address.hpp"
#include "net/socket.hpp"

#include <functional>
#include <vector>

namespace coppice::net {

/// Is given a client that was accepted.
using client_taker
  = std::function<void(socket, const observe::peer_address& from)>;

/// What may become of sockets that listen, once they are empty.
enum class after_clients {
  closed, ///< They are closed: no client may come from now on.
  kept,   ///< Another process has them, too, and serves later clients.
};

/// Accepts the clients in the queues of `sockets`, which share the address
/// `local`, and gives them to `take`. If the sockets are to be closed, no new
/// client can connect from now on. Clients whose handshake is under way are
/// waited for, for up to half a second, so that a client that has connected is
/// never reset when the sockets are closed right after this. A client that
/// connects later has to try again; so has one whose handshake took longer, or
/// that answers a SYN cookie.
///
/// Blocks for some milliseconds; not for reactors.
void accept_last_clients(const std::vector<socket>& sockets,
                         const endpoint& local, after_clients then,
                         const client_taker& take);

} // namespace coppice::net
