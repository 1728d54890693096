// SPDX-License-Identifier: BSD-3-Clause
//
/// The bare loop with TLS: epoll_echo.cpp with OpenSSL straight on the socket.
///
///   tls-epoll-echo CERT KEY
///
/// Prints the port that it listens on.

#include "bare_loop.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

namespace {

struct connection {
  int fd = -1;
  SSL* tls = nullptr;
  std::string pending; // what the kernel did not take at once
};

SSL_CTX* context = nullptr;
std::vector<char> buffer(64 * 1024);

[[noreturn]] void fail_with_tls(const char* what) {
  ERR_print_errors_fp(stderr);
  fail(what);
}

void load_certificate(const char* file, const char* key) {
  context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  if (SSL_CTX_use_certificate_chain_file(context, file) != 1
      || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
    fail_with_tls("certificate");
}

connection* open(int fd) {
  auto* tls = SSL_new(context);
  if (tls == nullptr || SSL_set_fd(tls, fd) != 1)
    fail_with_tls("SSL_new");
  SSL_set_accept_state(tls); // SSL_read shakes hands first
  return new connection{.fd = fd, .tls = tls};
}

void end(connection* c) {
  ERR_clear_error();
  SSL_free(c->tls);
  ::close(c->fd);
  delete c;
}

// What did not work is tried again once the socket is ready for it.
void wait_or_end(connection* c, int result) {
  switch (SSL_get_error(c->tls, result)) {
  case SSL_ERROR_WANT_READ:
    return;
  case SSL_ERROR_WANT_WRITE:
    watch(EPOLL_CTL_MOD, c->fd, EPOLLOUT, c);
    return;
  case SSL_ERROR_ZERO_RETURN:
    SSL_shutdown(c->tls);
    [[fallthrough]];
  default:
    end(c);
  }
}

// Nothing more is read until all of this is gone: returns whether it is. A
// write that waits takes all of the data once more.
bool write(connection* c, const char* data, std::size_t size) {
  auto n = SSL_write(c->tls, data, static_cast<int>(size));
  if (n > 0)
    return true;
  if (c->pending.empty())
    c->pending.assign(data, size);
  wait_or_end(c, n);
  return false;
}

// One record at a time. What OpenSSL has read ahead, epoll says nothing about.
void read(connection* c) {
  do {
    auto n = SSL_read(c->tls, buffer.data(), static_cast<int>(buffer.size()));
    if (n <= 0)
      return wait_or_end(c, n);
    if (!write(c, buffer.data(), static_cast<std::size_t>(n)))
      return;
  } while (SSL_has_pending(c->tls) == 1);
}

void flush(connection* c) {
  if (!c->pending.empty() && !write(c, c->pending.data(), c->pending.size()))
    return;
  c->pending = {};
  watch(EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
  read(c);
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  std::signal(SIGPIPE, SIG_IGN); // SSL_write has no MSG_NOSIGNAL
  load_certificate(argv[1], argv[2]);
  listen_somewhere();
  serve(open, flush, read);
}
