// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/context.hpp"

#include "net/tls/certificate.hpp"
#include "net/tls/problem.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <utility>

namespace coppice::net {

namespace {

// ECDHE alone, so that a key that is stolen later opens nothing, and AEAD
// alone. Source: Mozilla, "Server Side TLS" 5.7, "intermediate", without DHE.
constexpr auto ciphers_of_1_2
  = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

constexpr auto groups = "X25519:P-256:P-384";

constexpr std::size_t longest_protocol = 255;

// A session may be resumed for as long as its key opens tickets.
constexpr long session_seconds
  = std::chrono::seconds{ticket_keys::renewed_after}.count();

std::string in_handshake_form(const std::vector<std::string>& protocols) {
  std::string result;
  for (auto& each : protocols) {
    result += static_cast<char>(each.size());
    result += each;
  }
  return result;
}

} // namespace

std::string_view to_string(client_certificate value) {
  switch (value) {
  case client_certificate::off:
    return "off";
  case client_certificate::optional:
    return "optional";
  case client_certificate::required:
    return "required";
  }
  return {};
}

std::optional<client_certificate>
client_certificate_from(std::string_view text) {
  using enum client_certificate;
  for (auto each : {off, optional, required})
    if (text == to_string(each))
      return each;
  return {};
}

std::string problem_of_protocol(std::string_view name) {
  if (!name.empty() && name.size() <= longest_protocol)
    return {};
  return "a protocol has 1 to 255 bytes, and \"" + std::string{name} + "\" has "
         + std::to_string(name.size());
}

tls_context::tls_context(const tls_settings& settings)
    : settings_(settings), alpn_(in_handshake_form(settings.alpn)) {
  // nop
}

expected<tls_context_ptr, std::string>
tls_context::make(const tls_settings& settings, const tls_context_ptr& before) {
  if (settings.certificates.empty())
    return unexpected{std::string{"TLS needs a certificate"}};
  for (auto& each : settings.alpn)
    if (auto wrong = problem_of_protocol(each); !wrong.empty())
      return unexpected{"ALPN: " + wrong};
  if (settings.client != client_certificate::off
      && settings.client_ca_file.empty())
    return unexpected{std::string{
      "certificates of clients need the authorities that they come from"}};
  ERR_clear_error();
  std::shared_ptr<tls_context> result{new tls_context{settings}};
  result->keys_ = before
                    ? before->keys_
                    : std::make_shared<ticket_keys>(ticket_keys::clock::now());
  for (auto& each : settings.certificates)
    if (auto done = result->load(each); !done)
      return unexpected{std::move(done.error())};
  return tls_context_ptr{std::move(result)};
}

tls_context::session tls_context::open() const {
  session result{SSL_new(contexts_.front().get())};
  if (!result)
    throw std::bad_alloc{};
  SSL_set_accept_state(result.get());
  return result;
}

// -- from files ---------------------------------------------------------------

// A context that knows everything but its certificate.
expected<tls_context::context_handle, std::string> tls_context::fresh() const {
  context_handle result{SSL_CTX_new(TLS_server_method())};
  if (!result)
    return unexpected{"TLS cannot be set up: " + last_problem()};
  auto* ctx = result.get();
  SSL_CTX_set_min_proto_version(ctx, settings_.oldest == tls_version::v1_3
                                       ? TLS1_3_VERSION
                                       : TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Idle connections have no buffers; reading ahead saves a system call for
  // the head of each record.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(ctx, session_seconds);
  if (SSL_CTX_set_cipher_list(ctx, ciphers_of_1_2) != 1
      || SSL_CTX_set1_groups_list(ctx, groups) != 1)
    return unexpected{"TLS cannot be set up: " + last_problem()};
  SSL_CTX_set_app_data(ctx, const_cast<tls_context*>(this));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key);
  SSL_CTX_set_tlsext_servername_callback(ctx, choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(ctx, const_cast<tls_context*>(this));
  if (!alpn_.empty())
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol,
                               const_cast<tls_context*>(this));
  if (auto done = load_client_authority(ctx); !done)
    return unexpected{std::move(done.error())};
  return result;
}

expected<void, std::string>
tls_context::load_client_authority(SSL_CTX* into) const {
  // Tickets that were given out under another authority open nothing.
  auto digest = digest_of({});
  if (settings_.client != client_certificate::off) {
    auto authority = read_authority(settings_.client_ca_file);
    if (!authority)
      return unexpected{std::move(authority.error())};
    digest = authority->digest;
    SSL_CTX_set1_cert_store(into, authority->store.get());
    SSL_CTX_set_client_CA_list(into, authority->names.release());
    SSL_CTX_set_verify(into,
                       settings_.client == client_certificate::required
                         ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                         : SSL_VERIFY_PEER,
                       nullptr);
  }
  digest.front() = static_cast<unsigned char>(settings_.client);
  SSL_CTX_set_session_id_context(into, digest.data(),
                                 static_cast<unsigned>(digest.size()));
  return {};
}

// Certificates for the same names that have keys of different kinds share a
// context, which then picks the one that the client can use.
expected<void, std::string> tls_context::load(const tls_certificate& files) {
  auto chain = read_certificate(files.file);
  if (!chain)
    return unexpected{std::move(chain.error())};
  auto& leaf = chain->leaf;
  std::size_t index = 0;
  for (; index < certificates_.size(); ++index) {
    auto& other = certificates_[index];
    if (other.names == leaf.names && other.rsa != leaf.rsa)
      break;
  }
  auto place
    = index < certificates_.size() ? context_of_[index] : contexts_.size();
  if (place == contexts_.size()) {
    auto made = fresh();
    if (!made)
      return unexpected{std::move(made.error())};
    contexts_.push_back(*std::move(made));
  }
  auto& key_file = files.key_file.empty() ? files.file : files.key_file;
  if (auto used = use_certificate(contexts_[place].get(), *chain, key_file);
      !used)
    return used;
  context_of_.push_back(place);
  certificates_.push_back(std::move(leaf));
  return {};
}

// -- in the handshake ---------------------------------------------------------

SSL_CTX* tls_context::context_for(std::string_view name) const {
  // A certificate for this very name is better than one for many.
  for (auto flags : {X509_CHECK_FLAG_NO_WILDCARDS, 0})
    for (auto& ctx : contexts_)
      if (X509_check_host(SSL_CTX_get0_certificate(ctx.get()), name.data(),
                          name.size(), static_cast<unsigned>(flags), nullptr)
          == 1)
        return ctx.get();
  return nullptr;
}

int tls_context::choose_certificate(SSL* session, int*, void* self) {
  auto* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr)
    return SSL_TLSEXT_ERR_NOACK;
  if (auto* ctx = static_cast<tls_context*>(self)->context_for(name))
    SSL_set_SSL_CTX(session, ctx);
  return SSL_TLSEXT_ERR_OK;
}

// The server's order counts.
int tls_context::choose_protocol(SSL*, const unsigned char** out,
                                 unsigned char* out_size,
                                 const unsigned char* in, unsigned in_size,
                                 void* self) {
  auto& ours = static_cast<tls_context*>(self)->alpn_;
  auto* chosen = const_cast<unsigned char*>(*out);
  auto found = SSL_select_next_proto(
    &chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
    static_cast<unsigned>(ours.size()), in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                         : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Source: SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
int tls_context::ticket_key(SSL* session, unsigned char* name,
                            unsigned char* iv, EVP_CIPHER_CTX* cipher,
                            EVP_MAC_CTX* mac, int encrypts) {
  constexpr int failed = -1;
  constexpr int unknown = 0;
  constexpr int good = 1;
  constexpr int good_but_renew = 2;
  auto* self
    = static_cast<tls_context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  auto now = ticket_keys::clock::now();
  ticket_keys::key key;
  auto use = ticket_keys::use::newest;
  if (encrypts == 1) {
    key = self->keys_->newest(now);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
      return failed;
    std::copy(key.name.begin(), key.name.end(), name);
  } else {
    use = self->keys_->find(name, now, key);
    if (use == ticket_keys::use::none)
      return unknown;
  }
  std::array<OSSL_PARAM, 3> params{
    OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(),
                                      key.mac.size()),
    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                     const_cast<char*>("SHA256"), 0),
    OSSL_PARAM_construct_end()};
  auto ready = encrypts == 1
                 ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                                      key.cipher.data(), iv)
                 : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                                      key.cipher.data(), iv);
  if (ready != 1 || EVP_MAC_CTX_set_params(mac, params.data()) != 1)
    return failed;
  // A ticket of TLS 1.3 is for one use: RFC 8446, C.4.
  auto stays = use == ticket_keys::use::newest
               && (encrypts == 1 || SSL_version(session) != TLS1_3_VERSION);
  return stays ? good : good_but_renew;
}

} // namespace coppice::net
