// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/endpoint.hpp"
#include "net/socket.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace coppice::test {

/// A client that speaks TLS by OpenSSL, as others do, and does not check whose
/// certificate it gets. Each call takes up to 20 s.
class tls_client {
public:
  struct wish {
    std::string server_name = {};
    std::string alpn = {}; ///< As in the handshake: `\2h2`.
    std::string certificate = {};
    int newest = TLS1_3_VERSION;
    SSL_SESSION* resumed = nullptr;
  };

  explicit tls_client(const net::endpoint& where)
      : socket_(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        session_(nullptr, SSL_free) {
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL's own way to write asks for none
    timeval patience{20, 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience,
                 sizeof(patience));
    EXPECT_EQ(::connect(socket_.fd(), where.data(), where.size()), 0);
  }

  /// In the clear, as before `shake_hands`.
  std::string ask_in_the_clear(std::string_view data) {
    EXPECT_EQ(::send(socket_.fd(), data.data(), data.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(data.size()));
    return hear_in_the_clear();
  }

  std::string hear_in_the_clear() {
    std::string result(64, 0);
    auto n = ::recv(socket_.fd(), result.data(), result.size(), 0);
    result.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return result;
  }

  /// Returns what went wrong; empty: nothing.
  std::string shake_hands(const wish& want) {
    SSL_CTX_set_max_proto_version(context_.get(), want.newest);
    if (!want.certificate.empty()) {
      auto* file = want.certificate.c_str();
      EXPECT_EQ(
        SSL_CTX_use_certificate_file(context_.get(), file, SSL_FILETYPE_PEM),
        1);
      EXPECT_EQ(
        SSL_CTX_use_PrivateKey_file(context_.get(), file, SSL_FILETYPE_PEM), 1);
    }
    session_.reset(SSL_new(context_.get()));
    if (!want.server_name.empty())
      SSL_set_tlsext_host_name(session_.get(), want.server_name.c_str());
    if (!want.alpn.empty())
      SSL_set_alpn_protos(
        session_.get(),
        reinterpret_cast<const unsigned char*>(want.alpn.data()),
        static_cast<unsigned>(want.alpn.size()));
    if (want.resumed != nullptr)
      SSL_set_session(session_.get(), want.resumed);
    SSL_set_fd(session_.get(), socket_.fd());
    ERR_clear_error();
    return SSL_connect(session_.get()) == 1 ? "" : problem();
  }

  std::string shake_hands() {
    return shake_hands(wish{});
  }

  /// Sends `data`, then takes as many bytes, or fewer if that is the end.
  std::string ask(std::string_view data) {
    send(data);
    return receive(data.size());
  }

  void send(std::string_view data) {
    EXPECT_EQ(
      SSL_write(session_.get(), data.data(), static_cast<int>(data.size())),
      static_cast<int>(data.size()));
  }

  std::string receive(std::size_t bytes) {
    std::string result(bytes, 0);
    std::size_t have = 0;
    while (have < bytes) {
      auto n = SSL_read(session_.get(), result.data() + have,
                        static_cast<int>(bytes - have));
      if (n <= 0)
        break;
      have += static_cast<std::size_t>(n);
    }
    result.resize(have);
    return result;
  }

  /// How the input ends: `goodbye`, or what went wrong.
  std::string ending() {
    char byte;
    ERR_clear_error();
    auto n = SSL_read(session_.get(), &byte, 1);
    if (n > 0)
      return "a byte";
    return SSL_get_error(session_.get(), n) == SSL_ERROR_ZERO_RETURN
             ? "goodbye"
             : problem();
  }

  /// Sends close_notify.
  void say_goodbye() {
    SSL_shutdown(session_.get());
  }

  void close() {
    socket_.close();
  }

  /// The session, which is to be freed.
  SSL_SESSION* session() {
    return SSL_get1_session(session_.get());
  }

  /// The common name of the server's certificate.
  std::string server() {
    auto* certificate = SSL_get0_peer_certificate(session_.get());
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                              NID_commonName, name, sizeof(name));
    return name;
  }

  int fd() const noexcept {
    return socket_.fd();
  }

private:
  static std::string problem() {
    auto* text = ERR_reason_error_string(ERR_get_error());
    return text != nullptr ? text : "the connection is gone";
  }

  net::socket socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

} // namespace coppice::test
