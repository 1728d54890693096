// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "nemesis/checking_clients.hpp"
#include "net/socket.hpp"

#include <cstdint>
#include <vector>

namespace coppice::nemesis {

/// Connections that begin a handshake of TLS and do not go on with it. What the
/// server closes is begun anew. Never blocks.
class stalled_handshakes {
public:
  stalled_handshakes(const server_address& server, unsigned count);

  /// Opens those that are missing, some at a time; returns how many.
  std::uint64_t keep_up();

  /// Closes all.
  void end();

private:
  struct one {
    net::socket sock = {};
    bool begun = false; ///< Its first bytes were sent.
  };

  const server_address server_;
  std::vector<one> all_;
};

} // namespace coppice::nemesis
