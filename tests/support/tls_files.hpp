// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace coppice::test {

/// A folder with certificates, for as long as it lives.
class tls_files {
public:
  tls_files() {
    std::string pattern
      = std::filesystem::temp_directory_path() / "coppice-tls-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }

  ~tls_files() {
    std::filesystem::remove_all(folder_);
  }

  std::string path(const std::string& name) const {
    return folder_ / name;
  }

  struct wish {
    std::string names = "DNS:localhost,IP:127.0.0.1";
    int key_kind = EVP_PKEY_EC; ///< or EVP_PKEY_RSA
    int days = 90;
  };

  /// Writes a certificate that has signed itself, with its key, into a file;
  /// returns its path.
  std::string write(const std::string& name, const wish& want) const {
    auto* key
      = want.key_kind == EVP_PKEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    auto* what = X509_new();
    X509_set_version(what, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(what), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(what), -60 * 60);
    X509_gmtime_adj(X509_getm_notAfter(what), want.days * 24L * 60 * 60);
    auto* subject = X509_get_subject_name(what);
    X509_NAME_add_entry_by_txt(
      subject, "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(what, subject);
    X509_set_pubkey(what, key);
    add(what, NID_subject_alt_name, want.names);
    add(what, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(what, key, EVP_sha256());
    auto result = path(name + ".pem");
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out{
      std::fopen(result.c_str(), "we"), std::fclose};
    PEM_write_X509(out.get(), what);
    PEM_write_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    X509_free(what);
    EVP_PKEY_free(key);
    return result;
  }

  std::string write(const std::string& name) const {
    return write(name, wish{});
  }

private:
  static void add(X509* to, int what, const std::string& value) {
    auto* extension
      = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }

  std::filesystem::path folder_;
  mutable long serial_ = 0;
};

} // namespace coppice::test
