// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/net/tls.hpp"
#include "net/tls/context.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::net {

// Reading files of certificates. Each error names the file and says what is
// wrong with it.

using sha256 = std::array<unsigned char, 32>;

sha256 digest_of(std::string_view bytes);

/// Those that certificates of clients may come from.
struct tls_authority {
  struct free_store {
    void operator()(X509_STORE* what) const noexcept {
      X509_STORE_free(what);
    }
  };

  struct free_names {
    void operator()(STACK_OF(X509_NAME) * what) const noexcept {
      sk_X509_NAME_pop_free(what, X509_NAME_free);
    }
  };

  std::unique_ptr<X509_STORE, free_store> store;
  std::unique_ptr<STACK_OF(X509_NAME), free_names> names;
  sha256 digest; ///< Of the file.
};

expected<tls_authority, std::string> read_authority(const std::string& file);

/// A certificate and those that lead to its issuer.
struct certificate_chain {
  struct free_certificate {
    void operator()(X509* what) const noexcept {
      X509_free(what);
    }
  };

  using entry = std::unique_ptr<X509, free_certificate>;

  tls_context::loaded leaf;
  std::vector<entry> all; ///< The leaf first, each followed by its issuer's.
};

expected<certificate_chain, std::string>
read_certificate(const std::string& file);

/// Has `into` use these, with the key in `key_file`.
expected<void, std::string> use_certificate(SSL_CTX* into,
                                            const certificate_chain& chain,
                                            const std::string& key_file);

} // namespace coppice::net
