// SPDX-License-Identifier: BSD-3-Clause
//
/// The bare loop that everything else is compared with: an echo server of one
/// thread on epoll, without a protocol, actors, limits or timers. Prints the
/// port that it listens on.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr int accepts_a_turn = 16;

struct connection {
  int fd = -1;
  std::string pending;  // what the kernel did not take at once
  std::size_t sent = 0; // … and what it took of that since
};

int epoll = -1;
int listening = -1;
std::vector<char> buffer(64 * 1024);

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

void watch(int op, int fd, std::uint32_t events, void* what) {
  epoll_event ev{};
  ev.events = events;
  ev.data.ptr = what;
  if (::epoll_ctl(epoll, op, fd, &ev) != 0)
    fail("epoll_ctl");
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
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, new connection{.fd = fd});
  }
}

void end(connection* c) {
  ::close(c->fd);
  delete c;
}

// Nothing more is read until all of this is gone.
void write(connection* c, const char* data, std::size_t size) {
  auto n = ::send(c->fd, data, size, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN)
    return end(c);
  auto sent = n < 0 ? 0 : static_cast<std::size_t>(n);
  if (sent == size)
    return;
  c->pending.assign(data + sent, size - sent);
  watch(EPOLL_CTL_MOD, c->fd, EPOLLOUT, c);
}

void flush(connection* c) {
  auto n = ::send(c->fd, c->pending.data() + c->sent,
                  c->pending.size() - c->sent, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN)
      end(c);
    return;
  }
  c->sent += static_cast<std::size_t>(n);
  if (c->sent < c->pending.size())
    return;
  c->pending = {};
  c->sent = 0;
  watch(EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
}

void read(connection* c) {
  auto n = ::recv(c->fd, buffer.data(), buffer.size(), 0);
  if (n > 0)
    write(c, buffer.data(), static_cast<std::size_t>(n));
  else if (n == 0 || errno != EAGAIN)
    end(c);
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

int main() {
  epoll = ::epoll_create1(EPOLL_CLOEXEC);
  listen_somewhere();
  loop();
}
