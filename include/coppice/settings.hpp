// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Settings of the tools that come with a `server` and an `application`. Texts
/// are the ones that the command line takes.
namespace coppice {

/// The admin API, with the page and `/metrics`: what `coppice tree`, `coppice
/// why` and a browser look at.
struct admin_settings {
  /// A numeric HOST:PORT, `unix:PATH`, or `off`. Port 0: the kernel picks one.
  /// Beyond loopback it needs a token. On a Unix socket, root and the user of
  /// the server need none.
  std::string where = "127.0.0.1:6060";
  /// What requests that change something have to show. Empty: the file
  /// `token_file`, the variable COPPICE_ADMIN_TOKEN, or the file that
  /// COPPICE_ADMIN_TOKEN_FILE names; on loopback there may be none.
  std::string token = {};
  /// Is created with a random token if it does not exist. Others must not be
  /// able to read it.
  std::string token_file = {};
  /// Names that requests may give as their host on loopback, besides its own:
  /// those of a proxy in front.
  std::vector<std::string> hosts = {};
  /// Where pages may come from that use the API, besides its own:
  /// `https://ops.example`.
  std::vector<std::string> origins = {};
  /// PEM: the certificate and its chain. The admin API and the page speak HTTPS
  /// with it, by TLS 1.2 and 1.3; empty: plain HTTP. Not on a Unix socket. Read
  /// again as those of listeners are.
  std::string tls_cert = {};
  /// PEM: its private key, without a passphrase. Empty: it is in `tls_cert`.
  std::string tls_key = {};
  /// Lets requests inject faults. Undoing them is always allowed.
  bool allow_faults = false;
};

/// The journal: a SQLite file that keeps what happened, and why.
struct journal_settings {
  /// A path, or `off`. Empty: `journal.db` in $STATE_DIRECTORY,
  /// $XDG_STATE_HOME/coppice or ~/.local/state/coppice. Several programs may
  /// share a file.
  std::string file = {};
  std::uint64_t max_mib = 64; ///< Beyond it the oldest events are deleted.
  std::string max_age = "7d"; ///< Older events are deleted.
};

/// The log on standard error.
struct log_settings {
  std::string level = "info";  ///< debug, info, warning, error or off.
  std::string format = "text"; ///< text, or json: an object a line.
  bool connections = false;    ///< Also a line when one starts and ends.
};

/// Why a server or an application did not start.
struct start_error {
  /// True if the settings or arguments are wrong; false if the world is, for
  /// example because the port is taken.
  bool usage = false;
  std::string text = {}; ///< For a person: what happened, and what to do.
};

} // namespace coppice
