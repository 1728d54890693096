// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/types.h>

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

/// Sets up what all clients of one load share: TLS 1.3 alone. Certificates are
/// not checked against an authority.
SSL_CTX* make_tls_context();

/// TLS on the socket of one client after another, with sockets' calls. Errors
/// of TLS end the program.
class tls_channel {
public:
  explicit tls_channel(SSL_CTX* context) : context_(context) {
    // nop
  }

  tls_channel(const tls_channel&) = delete;
  tls_channel& operator=(const tls_channel&) = delete;

  /// From now on: each handshake resumes the session of the one before it.
  void resume() {
    resumes_ = true;
  }

  /// Begins a new connection on `fd`. That of before is forgotten.
  void open(int fd);

  /// Goes on with the handshake. Returns the events of epoll(7) to wait for, 0
  /// when it is done. Whether it was resumed has to be as `resume` wants it.
  std::uint32_t shake_hands();

  /// As send(2).
  ssize_t send(std::string_view data);

  /// As recv(2). The end is that of the socket, and only after a close_notify.
  ssize_t receive(char* into, std::size_t size);

  /// Whether `receive` may have bytes that epoll does not know of.
  bool has_input() const {
    return SSL_has_pending(tls_.get()) == 1;
  }

  /// Sends a close_notify.
  void finish();

private:
  template <auto Free>
  struct free_by {
    template <class T>
    void operator()(T* what) const {
      Free(what);
    }
  };

  friend SSL_CTX* make_tls_context();
  static int keep_session(SSL* tls, SSL_SESSION* session);
  ssize_t blocked(int result, const char* what);

  SSL_CTX* context_;
  std::unique_ptr<SSL, free_by<SSL_free>> tls_;
  std::unique_ptr<SSL_SESSION, free_by<SSL_SESSION_free>> session_;
  bool resumes_ = false;
};
