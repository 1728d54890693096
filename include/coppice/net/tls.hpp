// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

/// A certificate of a server, and its private key.
struct tls_certificate {
  /// PEM: the certificate, then those that lead to its issuer.
  std::string file;
  /// PEM: the private key, without a passphrase. Empty: it is in `file`.
  std::string key_file = {};
};

/// What a client has to show.
enum class client_certificate {
  off,      ///< It is not asked for one.
  optional, ///< One that it shows has to be valid.
  required,
};

/// `optional`
std::string_view to_string(client_certificate value);

/// The same, back; nothing: it is none of them.
std::optional<client_certificate>
client_certificate_from(std::string_view text);

/// The oldest version of TLS that is spoken.
enum class tls_version { v1_2, v1_3 };

/// TLS of a listener, by the system's OpenSSL: TLS 1.3, and 1.2 with forward
/// secrecy and AEAD ciphers only; no compression, no renegotiation, no early
/// data. Source: Mozilla, "Server Side TLS" 5.7, "intermediate".
struct tls_settings {
  /// The first one is for clients that name no server, or one that no
  /// certificate is for (RFC 6066, SNI). At least one.
  std::vector<tls_certificate> certificates;
  tls_version oldest = tls_version::v1_2;
  /// Application protocols in order of preference (RFC 7301, ALPN), each of 1
  /// to 255 bytes. Clients that offer none of them are refused; those that
  /// offer nothing are not.
  std::vector<std::string> alpn = {};
  client_certificate client = client_certificate::off;
  /// PEM: the authorities that certificates of clients may come from.
  std::string client_ca_file = {};
  /// How long a handshake may take.
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds{5};
  /// Handshakes at a time, on all reactors; a client beyond is closed.
  std::size_t max_handshakes = 1000;
  /// Whether connections begin with the handshake; false: they begin in the
  /// clear, until the handler calls `connection::start_tls`.
  bool from_start = true;
};

/// What was agreed on in the handshake of a connection.
struct tls_info {
  std::string version = {};     ///< `TLSv1.3`.
  std::string cipher = {};      ///< `TLS_AES_256_GCM_SHA384`.
  std::string server_name = {}; ///< As the client gave it; empty: it gave none.
  std::string alpn = {};        ///< The protocol; empty: none.
  /// The subject of the client's certificate, as in RFC 2253; empty: it showed
  /// none.
  std::string client = {};
  bool resumed = false; ///< The session of an earlier connection goes on.
};

} // namespace coppice::net
