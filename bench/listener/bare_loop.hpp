// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// What the bare loops on epoll have in common: one thread, one socket that
/// listens, and for each client a struct that epoll hands back.

inline int epoll = -1;
inline int listening = -1;

[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

inline void watch(int op, int fd, std::uint32_t events, void* what) {
  epoll_event ev{};
  ev.events = events;
  ev.data.ptr = what;
  if (::epoll_ctl(epoll, op, fd, &ev) != 0)
    fail("epoll_ctl");
}

/// On loopback; prints the port.
inline void listen_somewhere() {
  epoll = ::epoll_create1(EPOLL_CLOEXEC);
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

/// `open(fd)` makes what stands for a client.
template <class Open>
void accept_some(Open open) {
  constexpr int accepts_a_turn = 16;
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
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, open(fd));
  }
}

/// For ever. `flush` and `read` get what `open` has made.
template <class Connection, class Open>
void serve(Open open, void (*flush)(Connection*), void (*read)(Connection*)) {
  std::array<epoll_event, 256> events;
  for (;;) {
    auto n
      = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      auto& ev = events[static_cast<std::size_t>(i)];
      auto* c = static_cast<Connection*>(ev.data.ptr);
      if (c == nullptr)
        accept_some(open);
      else if ((ev.events & EPOLLOUT) != 0)
        flush(c);
      else
        read(c);
    }
  }
}
