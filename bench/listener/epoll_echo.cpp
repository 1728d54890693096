// SPDX-License-Identifier: BSD-3-Clause
//
/// The bare loop that everything else is compared with: an echo server of one
/// thread on epoll, without a protocol, actors, limits or timers. Prints the
/// port that it listens on.

#include "bare_loop.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

namespace {

struct connection {
  int fd = -1;
  std::string pending;  // what the kernel did not take at once
  std::size_t sent = 0; // … and what it took of that since
};

std::vector<char> buffer(64 * 1024);

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

} // namespace

int main() {
  listen_somewhere();
  serve([](int fd) { return new connection{.fd = fd}; }, flush, read);
}
