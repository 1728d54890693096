// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/client.hpp"

#include "net/tls/certificate.hpp"
#include "net/tls/problem.hpp"

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <new>
#include <utility>

namespace coppice::net {

namespace {

bool is_numeric_address(const std::string& host) {
  in6_addr forgotten;
  return ::inet_pton(AF_INET, host.c_str(), &forgotten) == 1
         || ::inet_pton(AF_INET6, host.c_str(), &forgotten) == 1;
}

} // namespace

expected<tls_client_ptr, std::string> tls_client::make(const tls_trust& whose) {
  ERR_clear_error();
  std::shared_ptr<tls_client> result{new tls_client};
  result->verifies_ = whose.verifies;
  result->context_.reset(SSL_CTX_new(TLS_client_method()));
  auto* ctx = result->context_.get();
  if (ctx == nullptr)
    return unexpected{"TLS cannot be set up: " + last_problem()};
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  if (!whose.verifies) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
    return tls_client_ptr{std::move(result)};
  }
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  if (whose.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(ctx);
  } else {
    auto authority = read_authority(whose.ca_file);
    if (!authority)
      return unexpected{std::move(authority.error())};
    SSL_CTX_set1_cert_store(ctx, authority->store.get());
    // So that the file may also hold the server's own certificate.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx),
                                X509_V_FLAG_PARTIAL_CHAIN);
  }
  ERR_clear_error();
  return tls_client_ptr{std::move(result)};
}

tls_context::session tls_client::open(const std::string& host,
                                      const session_ptr& resumed) const {
  tls_context::session result{SSL_new(context_.get())};
  if (!result)
    throw std::bad_alloc{};
  auto* session = result.get();
  SSL_set_connect_state(session);
  auto numeric = is_numeric_address(host);
  if (!numeric && !host.empty()) // RFC 6066: no addresses
    SSL_set_tlsext_host_name(session, host.c_str());
  if (verifies_) {
    auto* param = SSL_get0_param(session);
    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    auto done = numeric ? X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str())
                        : X509_VERIFY_PARAM_set1_host(param, host.c_str(), 0);
    if (done != 1)
      throw std::bad_alloc{};
  }
  if (resumed)
    SSL_set_session(session, resumed.get());
  return result;
}

std::string tls_client::distrust(SSL* of) {
  auto verdict = SSL_get_verify_result(of);
  switch (verdict) {
  case X509_V_OK:
    return {};
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return "its certificate is for another name";
  default:
    return std::string{"its certificate is not trusted: "}
           + X509_verify_cert_error_string(verdict);
  }
}

tls_client::session_ptr tls_client::ticket(SSL* of) {
  auto* now = SSL_get0_session(of);
  if (now == nullptr)
    return nullptr;
  // A copy: that of a connection that is cut off is made useless.
  session_ptr result{SSL_SESSION_dup(now), SSL_SESSION_free};
  return result && SSL_SESSION_is_resumable(result.get()) == 1 ? result
                                                               : nullptr;
}

} // namespace coppice::net
