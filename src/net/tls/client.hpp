// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "net/tls/context.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace coppice::net {

/// Whose certificates a client believes.
struct tls_trust {
  /// False: anybody's. Only where nothing secret is sent, and what comes back
  /// is not believed either.
  bool verifies = true;
  /// PEM: authorities, or the very certificate of a server. Empty: those of
  /// the system, or what SSL_CERT_FILE and SSL_CERT_DIR name.
  std::string ca_file = {};
};

class tls_client;

using tls_client_ptr = std::shared_ptr<const tls_client>;

/// What the connections of a client share. Thread-safe.
class tls_client {
public:
  /// An earlier session, to be resumed.
  using session_ptr = std::shared_ptr<SSL_SESSION>;

  /// The error names the file and says what is wrong with it.
  static expected<tls_client_ptr, std::string> make(const tls_trust& whose);

  /// A client's end of a new connection to `host`, a name or an address, which
  /// the certificate has to be for. Throws `std::bad_alloc`.
  tls_context::session open(const std::string& host,
                            const session_ptr& resumed = nullptr) const;

  /// Why the server that `of` leads to is not believed; empty: it is, or did
  /// not get as far as to show a certificate.
  static std::string distrust(SSL* of);

  /// What resumes the session of this connection; null: nothing does. To be
  /// asked once bytes have come: tickets come late.
  static session_ptr ticket(SSL* of);

private:
  tls_client() = default;

  tls_context::context_handle context_;
  bool verifies_ = true;
};

} // namespace coppice::net
