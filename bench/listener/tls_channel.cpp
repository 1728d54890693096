// SPDX-License-Identifier: BSD-3-Clause

#include "tls_channel.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

void demand_tls(bool good, const char* what) {
  if (good)
    return;
  std::fprintf(stderr, "load: TLS: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

} // namespace

SSL_CTX* make_tls_context() {
  std::signal(SIGPIPE, SIG_IGN); // SSL_write has no MSG_NOSIGNAL
  auto* result = SSL_CTX_new(TLS_client_method());
  demand_tls(result != nullptr, "SSL_CTX_new");
  SSL_CTX_set_min_proto_version(result, TLS1_3_VERSION);
  SSL_CTX_set_mode(result, SSL_MODE_RELEASE_BUFFERS
                             | SSL_MODE_ENABLE_PARTIAL_WRITE
                             | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(result, 1);
  SSL_CTX_set_session_cache_mode(result, SSL_SESS_CACHE_CLIENT
                                           | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(result, tls_channel::keep_session);
  return result;
}

int tls_channel::keep_session(SSL* tls, SSL_SESSION* session) {
  auto* self = static_cast<tls_channel*>(SSL_get_app_data(tls));
  if (!self->resumes_)
    return 0;
  self->session_.reset(session);
  return 1; // it is ours now
}

void tls_channel::open(int fd) {
  tls_.reset(SSL_new(context_));
  demand_tls(tls_ && SSL_set_fd(tls_.get(), fd) == 1, "SSL_new");
  SSL_set_app_data(tls_.get(), this);
  SSL_set_connect_state(tls_.get());
  if (session_)
    SSL_set_session(tls_.get(), session_.get());
}

std::uint32_t tls_channel::shake_hands() {
  auto result = SSL_do_handshake(tls_.get());
  if (result != 1) {
    blocked(result, "the handshake failed");
    return SSL_want_write(tls_.get()) ? EPOLLOUT : EPOLLIN;
  }
  auto resumed = SSL_session_reused(tls_.get()) == 1;
  demand_tls(resumed == (session_ != nullptr),
             resumed ? "a session was resumed" : "a session was not resumed");
  session_.reset(); // a ticket is for one use
  return 0;
}

ssize_t tls_channel::send(std::string_view data) {
  auto n = SSL_write(tls_.get(), data.data(), static_cast<int>(data.size()));
  return n > 0 ? n : blocked(n, "send");
}

ssize_t tls_channel::receive(char* into, std::size_t size) {
  if ((SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) == 0) {
    auto n = SSL_read(tls_.get(), into, static_cast<int>(size));
    if (n > 0)
      return n;
    if (SSL_get_error(tls_.get(), n) != SSL_ERROR_ZERO_RETURN)
      return blocked(n, "receive");
  }
  return ::recv(SSL_get_fd(tls_.get()), into, size, 0);
}

void tls_channel::finish() {
  demand_tls(SSL_shutdown(tls_.get()) >= 0, "close_notify");
}

/// Nothing was done: returns -1 with EAGAIN if it may be later.
ssize_t tls_channel::blocked(int result, const char* what) {
  auto why = SSL_get_error(tls_.get(), result);
  demand_tls(why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE, what);
  errno = EAGAIN;
  return -1;
}
