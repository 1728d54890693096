// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/certificate.hpp"

#include "net/tls/problem.hpp"

#include <arpa/inet.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

namespace coppice::net {

namespace {

// No file of certificates is as long; a device would have no end.
constexpr std::size_t longest_file = 4 * 1024 * 1024;

template <auto Free>
struct free_by {
  template <class T>
  void operator()(T* what) const noexcept {
    Free(what);
  }
};

using bio_ptr = std::unique_ptr<BIO, free_by<BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, free_by<EVP_PKEY_free>>;
using x509_ptr = certificate_chain::entry;
using file_ptr = std::unique_ptr<std::FILE, free_by<std::fclose>>;

unexpected<std::string> wrong(const std::string& file,
                              const std::string& what) {
  ERR_clear_error();
  return unexpected{file + ": " + what};
}

expected<std::string, std::string> contents(const std::string& file) {
  file_ptr in{std::fopen(file.c_str(), "re")};
  if (!in)
    return wrong(file, std::strerror(errno));
  std::string result;
  char piece[4096];
  while (auto n = std::fread(piece, 1, sizeof(piece), in.get())) {
    result.append(piece, n);
    if (result.size() > longest_file)
      return wrong(file, "is longer than 4 MiB, so it is no certificate");
  }
  if (std::ferror(in.get()) != 0)
    return wrong(file, std::strerror(errno));
  return result;
}

// A passphrase cannot be asked for where nobody sits.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

bio_ptr reader_of(const std::string& bytes) {
  return bio_ptr{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
}

// At least one certificate, and the bytes that they were read from.
struct certificate_file {
  std::string bytes;
  std::vector<x509_ptr> all = {};
};

expected<certificate_file, std::string>
read_certificates(const std::string& file) {
  auto bytes = contents(file);
  if (!bytes)
    return unexpected{std::move(bytes.error())};
  certificate_file result{*std::move(bytes)};
  auto in = reader_of(result.bytes);
  ERR_clear_error();
  while (auto* next = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr))
    result.all.emplace_back(next);
  auto code = ERR_peek_last_error();
  if (ERR_GET_REASON(code) != PEM_R_NO_START_LINE)
    return wrong(file, "certificate " + std::to_string(result.all.size() + 1)
                         + " cannot be read: " + last_problem());
  ERR_clear_error();
  if (result.all.empty())
    return wrong(file, "there is no certificate in it (a block that begins "
                       "with -----BEGIN CERTIFICATE-----)");
  return result;
}

std::vector<std::string> names_of(X509* of) {
  std::vector<std::string> result;
  auto* all = static_cast<GENERAL_NAMES*>(
    X509_get_ext_d2i(of, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    auto* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS) {
      auto* text = ASN1_STRING_get0_data(name->d.dNSName);
      result.emplace_back(
        reinterpret_cast<const char*>(text),
        static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      char text[INET6_ADDRSTRLEN];
      auto* bytes = name->d.iPAddress;
      auto family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
      if (::inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof(text))
          != nullptr)
        result.emplace_back(text);
    }
  }
  GENERAL_NAMES_free(all);
  ERR_clear_error();
  std::ranges::sort(result);
  return result;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* value) {
  std::tm parts{};
  ASN1_TIME_to_tm(value, &parts);
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

expected<key_ptr, std::string> read_key(const std::string& file) {
  auto bytes = contents(file);
  if (!bytes)
    return unexpected{std::move(bytes.error())};
  if (bytes->find("PRIVATE KEY-----") == bytes->npos)
    return wrong(file, "there is no private key in it (a block that begins "
                       "with -----BEGIN PRIVATE KEY-----)");
  auto in = reader_of(*bytes);
  auto asked = false;
  key_ptr result{
    PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, &asked)};
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (result)
    return result;
  if (asked)
    return wrong(file, "the key has a passphrase; store it without one, for "
                       "example by openssl pkey");
  return wrong(file, "the key cannot be read: " + last_problem());
}

} // namespace

sha256 digest_of(std::string_view bytes) {
  sha256 result;
  EVP_Digest(bytes.data(), bytes.size(), result.data(), nullptr, EVP_sha256(),
             nullptr);
  return result;
}

expected<tls_authority, std::string> read_authority(const std::string& file) {
  auto read = read_certificates(file);
  if (!read)
    return unexpected{std::move(read.error())};
  tls_authority result;
  result.store.reset(X509_STORE_new());
  result.names.reset(sk_X509_NAME_new_null());
  result.digest = digest_of(read->bytes);
  for (auto& each : read->all) {
    X509_STORE_add_cert(result.store.get(), each.get());
    sk_X509_NAME_push(result.names.get(),
                      X509_NAME_dup(X509_get_subject_name(each.get())));
  }
  return result;
}

expected<certificate_chain, std::string>
read_certificate(const std::string& file) {
  auto read = read_certificates(file);
  if (!read)
    return unexpected{std::move(read.error())};
  auto& all = read->all;
  for (std::size_t i = 1; i < all.size(); ++i)
    if (X509_check_issued(all[i].get(), all[i - 1].get()) != X509_V_OK)
      return wrong(file, "certificate " + std::to_string(i + 1)
                           + " did not issue certificate " + std::to_string(i)
                           + ": each has to be followed by its issuer's");
  auto* leaf = all.front().get();
  tls_context::loaded what{.file = file,
                           .names = names_of(leaf),
                           .expires = time_of(X509_get0_notAfter(leaf)),
                           .rsa = EVP_PKEY_get_base_id(X509_get0_pubkey(leaf))
                                  == EVP_PKEY_RSA};
  return certificate_chain{std::move(what), std::move(all)};
}

expected<void, std::string> use_certificate(SSL_CTX* into,
                                            const certificate_chain& chain,
                                            const std::string& key_file) {
  auto key = read_key(key_file);
  if (!key)
    return unexpected{std::move(key.error())};
  auto& file = chain.leaf.file;
  auto* leaf = chain.all.front().get();
  if (X509_check_private_key(leaf, key->get()) != 1)
    return wrong(key_file,
                 "the key does not belong to the certificate in " + file);
  if (SSL_CTX_use_certificate(into, leaf) != 1)
    return wrong(file, "the certificate is of no use: " + last_problem());
  if (SSL_CTX_use_PrivateKey(into, key->get()) != 1)
    return wrong(key_file, "the key is of no use: " + last_problem());
  SSL_CTX_clear_chain_certs(into);
  for (std::size_t i = 1; i < chain.all.size(); ++i)
    if (SSL_CTX_add1_chain_cert(into, chain.all[i].get()) != 1)
      return wrong(file, "certificate " + std::to_string(i + 1)
                           + " is of no use: " + last_problem());
  return {};
}

} // namespace coppice::net
