// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <vector>

namespace coppice::commands {

/// A `coppice serve` or `coppice run` of this program that runs here.
struct running_server_view {
  int pid = 0;
  std::string admin = {}; ///< As its `--admin` says, or the default.
};

/// Those that this user may look at, by /proc, in the order of their process
/// ids. Of a container that is its server.
std::vector<running_server_view> running_servers();

/// What the `--admin` of a command is for a server that was given `admin`:
/// where a server listens on all addresses, that of this machine. `pid` is the
/// server's, for a path that begins in its folder.
std::string admin_of(const running_server_view& server);

/// What `--admin` is in the arguments of such a command; the default if it
/// is not there.
std::string admin_in(const std::vector<std::string>& arguments);

} // namespace coppice::commands
