// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/problem.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace coppice::net {

namespace {

std::string text_of(unsigned long code) {
  if (code == 0)
    return "no reason is known";
  if (auto* text = ERR_reason_error_string(code))
    return text;
  return "OpenSSL's error " + std::to_string(ERR_GET_REASON(code));
}

// The first problem is the cause of those that came after it.
unsigned long take_first() {
  auto result = ERR_get_error();
  ERR_clear_error();
  return result;
}

refusal class_of(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL)
    return refusal::tls_error;
  auto reason = ERR_GET_REASON(code);
  if (reason >= SSL_AD_REASON_OFFSET)
    return refusal::tls_refused_by_peer;
  switch (reason) {
  case SSL_R_HTTP_REQUEST:
  case SSL_R_HTTPS_PROXY_REQUEST:
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_PACKET_LENGTH_TOO_LONG:
  case SSL_R_RECORD_LENGTH_MISMATCH:
    return refusal::not_tls;
  case SSL_R_UNSUPPORTED_PROTOCOL:
  case SSL_R_VERSION_TOO_LOW:
  case SSL_R_UNKNOWN_PROTOCOL:
  case SSL_R_NO_PROTOCOLS_AVAILABLE:
    return refusal::tls_version;
  case SSL_R_NO_SHARED_CIPHER:
  case SSL_R_NO_SHARED_GROUPS:
  case SSL_R_NO_SUITABLE_GROUPS:
  case SSL_R_NO_SUITABLE_KEY_SHARE:
  case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
  case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    return refusal::tls_cipher;
  case SSL_R_NO_APPLICATION_PROTOCOL:
    return refusal::tls_alpn;
  case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
  case SSL_R_CERTIFICATE_VERIFY_FAILED:
    return refusal::tls_client;
  case SSL_R_UNEXPECTED_EOF_WHILE_READING:
    return refusal::tls_left;
  default:
    return refusal::tls_error;
  }
}

} // namespace

std::string last_problem() {
  return text_of(take_first());
}

handshake_problem last_handshake_problem() {
  auto code = take_first();
  return {class_of(code), text_of(code)};
}

} // namespace coppice::net
