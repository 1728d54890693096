// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/tls/context.hpp"

#include <openssl/bio.h>

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>

namespace coppice::net {

/// TLS on a non-blocking socket, as server or client, where there are no
/// stages: the admin API, its clients, and clients that check a server. Never
/// blocks and raises no SIGPIPE. For one thread at a time.
class tls_channel {
public:
  /// The socket has to outlive it. A server's end keeps its context, which
  /// OpenSSL calls back. Throws `std::bad_alloc`.
  tls_channel(tls_context::session session, int fd,
              tls_context_ptr context = nullptr);

  tls_channel(const tls_channel&) = delete;
  tls_channel& operator=(const tls_channel&) = delete;

  enum class handshake { done, waits, failed };

  /// Goes on with the handshake as far as it can. After `failed`, `problem`
  /// says why, and nothing but the end of the connection is left.
  handshake shake_hands();

  /// Whether anything has come from the peer.
  bool has_heard() const noexcept {
    return heard_;
  }

  /// Whether the handshake is over.
  bool ready() const noexcept {
    return ready_;
  }

  /// As recv(2), once it is ready: 0 after the peer's close_notify. -1 with
  /// EAGAIN where nothing has come; with ECONNABORTED where the connection
  /// ended without a close_notify, so that bytes may be missing; with EPROTO if
  /// what came is not TLS: see `problem`.
  ssize_t receive(std::span<char> into);

  /// As send(2), once it is ready. After -1 with EAGAIN, the next call has to
  /// begin with the same bytes.
  ssize_t transmit(std::string_view data);

  /// Whether `receive` has bytes that the socket does not show any more.
  bool has_input() const noexcept;

  /// Whether it waits for the socket to take something, not for the peer.
  bool output_blocked() const noexcept {
    return output_blocked_;
  }

  /// Sends a close_notify, once, if the socket takes it.
  void finish() noexcept;

  /// Whether an earlier session goes on.
  bool resumed() const noexcept;

  /// OpenSSL's words; empty: nothing went wrong.
  const std::string& problem() const noexcept {
    return problem_;
  }

  SSL* session() const noexcept {
    return session_.get();
  }

private:
  static BIO_METHOD* method();
  static int read_socket(BIO* bio, char* into, int size);
  static int write_socket(BIO* bio, const char* data, int size);
  static long control(BIO* bio, int what, long number, void* pointer);

  int result_of(int result);

  const int fd_;
  const tls_context_ptr context_; // goes after the session
  tls_context::session session_;
  std::string problem_;
  int io_error_ = 0;
  bool heard_ = false;
  bool ended_ = false; // the socket's input
  bool ready_ = false;
  bool dry_ = false; // what has been read is no whole record
  bool output_blocked_ = false;
  bool finished_ = false;
};

} // namespace coppice::net
