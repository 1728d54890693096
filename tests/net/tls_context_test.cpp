// SPDX-License-Identifier: BSD-3-Clause
//
// What is wrong with files of certificates.

#include "net/tls/context.hpp"
#include "support/tls_files.hpp"

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

namespace tls_context_test {

using namespace coppice::net;
using namespace coppice::test;

namespace {

class TlsContext : public ::testing::Test {
protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream{files.path(name)} << text;
    return files.path(name);
  }

  static std::string read(const std::string& path) {
    std::ostringstream result;
    result << std::ifstream{path}.rdbuf();
    return result.str();
  }

  static std::string error_of(const tls_settings& settings) {
    auto made = tls_context::make(settings);
    return made ? "none" : made.error();
  }

  std::string error_of(const tls_certificate& certificate) {
    return error_of(tls_settings{.certificates = {certificate}});
  }

  static std::string certificate_in(const std::string& text) {
    return text.substr(0, text.find("-----BEGIN PRIVATE"));
  }

  static std::string key_in(const std::string& text) {
    return text.substr(text.find("-----BEGIN PRIVATE"));
  }

  tls_files files;
};

} // namespace

TEST_F(TlsContext, KnowsTheNamesAndTheEndOfACertificate) {
  auto file = files.write(
    "a", {.names = "DNS:b.example,IP:::1,DNS:a.example", .days = 10});

  auto made = tls_context::make({.certificates = {{file}}});

  ASSERT_TRUE(made) << made.error();
  auto& what = (*made)->certificates().front();
  EXPECT_EQ(what.file, file);
  EXPECT_EQ(what.names,
            (std::vector<std::string>{"::1", "a.example", "b.example"}));
  auto left = what.expires - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours{10 * 24 - 1});
  EXPECT_LE(left, std::chrono::hours{10 * 24});
}

TEST_F(TlsContext, TakesAKeyFromAFileOfItsOwn) {
  auto text = read(files.write("a"));
  auto certificate = write("certificate.pem", certificate_in(text));
  auto key = write("key.pem", key_in(text));

  EXPECT_EQ(error_of({certificate, key}), "none");
}

TEST_F(TlsContext, SaysWhichFileIsOfNoUseAndWhy) {
  auto text = read(files.write("a"));
  auto other = read(files.write("b"));
  auto good = files.path("a.pem");
  auto empty = write("empty.pem", "");
  auto no_key = write("certificate.pem", certificate_in(text));
  auto broken = write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                    "-----END CERTIFICATE-----\n");
  auto other_key = write("other.pem", key_in(other));
  auto chain = write("chain.pem", certificate_in(text) + certificate_in(other)
                                    + key_in(text));
  auto missing = files.path("missing.pem");

  EXPECT_EQ(error_of({missing}), missing + ": No such file or directory");
  EXPECT_EQ(error_of({files.path("")}), files.path("") + ": Is a directory");
  EXPECT_EQ(error_of({empty}),
            empty
              + ": there is no certificate in it (a block that begins with "
                "-----BEGIN CERTIFICATE-----)");
  EXPECT_EQ(
    error_of({broken}).find(broken + ": certificate 1 cannot be read: "), 0U);
  EXPECT_EQ(error_of({no_key}),
            no_key
              + ": there is no private key in it (a block that begins with "
                "-----BEGIN PRIVATE KEY-----)");
  EXPECT_EQ(error_of({good, missing}), missing + ": No such file or directory");
  EXPECT_EQ(error_of({good, other_key}),
            other_key + ": the key does not belong to the certificate in "
              + good);
  EXPECT_EQ(error_of({chain}),
            chain
              + ": certificate 2 did not issue certificate 1: each has to be "
                "followed by its issuer's");
}

TEST_F(TlsContext, AKeyWithAPassphraseIsOfNoUse) {
  auto good = files.write("a");
  auto* key = EVP_EC_gen("P-256");
  auto locked = files.path("locked.pem");
  auto* out = std::fopen(locked.c_str(), "we");
  PEM_write_PKCS8PrivateKey(out, key, EVP_aes_256_cbc(), "secret", 6, nullptr,
                            nullptr);
  std::fclose(out);
  EVP_PKEY_free(key);

  EXPECT_EQ(error_of({good, locked}),
            locked
              + ": the key has a passphrase; store it without one, for example "
                "by openssl pkey");
}

TEST_F(TlsContext, SettingsHaveToMakeSense) {
  auto good = files.write("a");

  EXPECT_EQ(error_of(tls_settings{}), "TLS needs a certificate");
  EXPECT_EQ(error_of(tls_settings{.certificates = {{good}}, .alpn = {""}}),
            "ALPN: a protocol has 1 to 255 bytes, and \"\" has 0");
  EXPECT_EQ(error_of(tls_settings{.certificates = {{good}},
                                  .client = client_certificate::optional}),
            "certificates of clients need the authorities that they come from");
}

} // namespace tls_context_test
