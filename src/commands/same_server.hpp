// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/client.hpp"
#include "nemesis/checking_clients.hpp"

namespace coppice::commands {

/// Whether a server that listens somewhere is the one that an admin API is of.
enum class sameness {
  same,
  other,     ///< The API does not show a connection that was made to it.
  no_server, ///< Nothing listens there.
  no_admin,  ///< The API does not answer.
};

/// Opens a connection to `where` and asks the admin API whether it is one of
/// its own, by the address of this end: no other connection has that. So a
/// proxy or a translation of addresses in between proves nothing. Nothing is
/// changed. Throws `foreign_answer`; blocks for some seconds at most.
sameness compare_servers(const admin::client& admin,
                         const nemesis::server_address& where);

} // namespace coppice::commands
