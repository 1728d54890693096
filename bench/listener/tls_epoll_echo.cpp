// SPDX-License-Identifier: BSD-3-Clause
//
/// The bare loop with TLS: epoll_echo.cpp with OpenSSL straight on the socket.
///
///   tls-epoll-echo CERT KEY
///
/// Prints the port that it listens on.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int accepts_a_turn = 16;

struct connection {
  int fd = -1;
  SSL* tls = nullptr;
  std::string pending; // what the kernel did not take at once
};

int epoll = -1;
int listening = -1;
SSL_CTX* context = nullptr;
std::vector<char> buffer(64 * 1024);

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  ERR_print_errors_fp(stderr);
  std::_Exit(1);
}

void watch(int op, int fd, std::uint32_t events, void* what) {
  epoll_event ev{};
  ev.events = events;
  ev.data.ptr = what;
  if (::epoll_ctl(epoll, op, fd, &ev) != 0)
    fail("epoll_ctl");
}

void load_certificate(const char* file, const char* key) {
  context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS
                              | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  if (SSL_CTX_use_certificate_chain_file(context, file) != 1
      || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
    fail("certificate");
}

void listen_somewhere() {
  listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* where = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening, where, size) != 0 || ::listen(listening, SOMAXCONN) != 0
      || ::getsockname(listening, where, &size) != 0)
    fail("listen");
  watch(EPOLL_CTL_ADD, listening, EPOLLIN, nullptr);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
}

void accept_some() {
  for (int i = 0; i < accepts_a_turn; ++i) {
    auto fd
      = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN)
        return;
      fail("accept4");
    }
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto* tls = SSL_new(context);
    if (tls == nullptr || SSL_set_fd(tls, fd) != 1)
      fail("SSL_new");
    SSL_set_accept_state(tls); // SSL_read shakes hands first
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, new connection{.fd = fd, .tls = tls});
  }
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

void loop() {
  std::array<epoll_event, 256> events;
  for (;;) {
    auto n
      = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      auto& ev = events[static_cast<std::size_t>(i)];
      auto* c = static_cast<connection*>(ev.data.ptr);
      if (c == nullptr)
        accept_some();
      else if ((ev.events & EPOLLOUT) != 0)
        flush(c);
      else
        read(c);
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  std::signal(SIGPIPE, SIG_IGN); // SSL_write has no MSG_NOSIGNAL
  load_certificate(argv[1], argv[2]);
  epoll = ::epoll_create1(EPOLL_CLOEXEC);
  listen_somewhere();
  loop();
}
