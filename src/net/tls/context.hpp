// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/net/tls.hpp"
#include "net/tls/ticket_keys.hpp"

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

class tls_context;

using tls_context_ptr = std::shared_ptr<const tls_context>;

/// What is wrong with the name of an application protocol (ALPN); empty: it is
/// one.
std::string problem_of_protocol(std::string_view name);

/// The certificates of a listener and what is agreed on in handshakes, read
/// from files once. Connections that have begun keep theirs when there is a
/// newer one. Thread-safe.
class tls_context {
public:
  struct free_context {
    void operator()(SSL_CTX* what) const noexcept {
      SSL_CTX_free(what);
    }
  };

  struct free_session {
    void operator()(SSL* what) const noexcept {
      SSL_free(what);
    }
  };

  using context_handle = std::unique_ptr<SSL_CTX, free_context>;
  using session = std::unique_ptr<SSL, free_session>;

  /// A certificate as it is in force.
  struct loaded {
    std::string file;
    std::vector<std::string> names; ///< DNS names and addresses in it.
    std::chrono::system_clock::time_point expires;
    bool rsa = false;
  };

  /// Reads and checks all files. The error names the file and says what is
  /// wrong with it. With `before`, its tickets stay good, unless another
  /// authority decides on clients.
  static expected<tls_context_ptr, std::string>
  make(const tls_settings& settings, const tls_context_ptr& before = nullptr);

  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  const tls_settings& settings() const noexcept {
    return settings_;
  }

  const std::vector<loaded>& certificates() const noexcept {
    return certificates_;
  }

  /// A server's end of a new connection. Throws `std::bad_alloc`.
  session open() const;

private:
  explicit tls_context(const tls_settings& settings);

  expected<void, std::string> load(const tls_certificate& files);
  expected<void, std::string> load_client_authority(SSL_CTX* into) const;
  expected<context_handle, std::string> fresh() const;
  SSL_CTX* context_for(std::string_view name) const;

  static int choose_certificate(SSL* session, int* alert, void* self);
  static int choose_protocol(SSL* session, const unsigned char** out,
                             unsigned char* out_size, const unsigned char* in,
                             unsigned in_size, void* self);
  static int ticket_key(SSL* session, unsigned char* name, unsigned char* iv,
                        EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypts);

  tls_settings settings_;
  std::string alpn_; // as in the handshake: each with its length before it
  std::shared_ptr<ticket_keys> keys_;
  std::vector<context_handle> contexts_; // the first one is the default
  std::vector<std::size_t> context_of_;  // of each certificate
  std::vector<loaded> certificates_;
};

} // namespace coppice::net
