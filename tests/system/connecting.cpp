// SPDX-License-Identifier: BSD-3-Clause

#include "connecting.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace coppice_test {

namespace {

socklen_t to_unix_address(std::string_view path, sockaddr_storage& storage) {
  auto* local = reinterpret_cast<sockaddr_un*>(&storage);
  local->sun_family = AF_UNIX;
  if (path.size() >= sizeof local->sun_path)
    throw std::invalid_argument("too long a path for a socket");
  path.copy(local->sun_path, path.size());
  return sizeof *local;
}

socklen_t to_address(const std::string& host, std::uint16_t port,
                     sockaddr_storage& storage) {
  constexpr std::string_view unix_prefix = "unix:";
  storage = {};
  if (host.rfind(unix_prefix, 0) == 0)
    return to_unix_address(std::string_view(host).substr(unix_prefix.size()),
                           storage);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof *v6;
  }
  throw std::invalid_argument("not a numeric address: " + host);
}

bool bind_to(int fd, const std::string& host, std::uint16_t port) {
  sockaddr_storage address;
  const socklen_t size = to_address(host, port, address);
  return ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0;
}

bool prepare(int fd, const connect_options& options) {
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (options.receive_buffer > 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
               sizeof options.receive_buffer);
  return options.from.empty() || bind_to(fd, options.from, 0);
}

bool begin_connect(int fd, const sockaddr_storage& address, socklen_t size) {
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0
         || errno == EINPROGRESS;
}

} // namespace

int start_connect(const std::string& host, std::uint16_t port,
                  const connect_options& options) {
  sockaddr_storage address;
  const socklen_t size = to_address(host, port, address);
  const int fd = ::socket(address.ss_family,
                          SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  if (prepare(fd, options) && begin_connect(fd, address, size))
    return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

int finish_connect(int fd, const deadline& end) {
  pollfd entry{fd, POLLOUT, 0};
  while (::poll(&entry, 1, end.poll_timeout()) <= 0) {
    if (end.passed())
      return ETIMEDOUT;
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int connect_error(const std::string& host, std::uint16_t port,
                  milliseconds budget) {
  const deadline end(budget);
  const int fd = start_connect(host, port);
  if (fd < 0)
    return errno;
  const int error = finish_connect(fd, end);
  ::close(fd);
  return error;
}

bool eventually_refused(const std::string& host, std::uint16_t port) {
  // An attempt can also hang, when the backlog is full: asked again soon.
  constexpr milliseconds an_attempt{1'000};
  return eventually(
    [&] { return connect_error(host, port, an_attempt) == ECONNREFUSED; });
}

listening_socket::listening_socket(std::uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  constexpr int backlog = 128;
  const int yes = 1;
  setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (!bind_to(fd_, "127.0.0.1", port) || ::listen(fd_, backlog) != 0
      || ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::system_error(errno, std::generic_category(), "listen");
  port_ = ntohs(address.sin_port);
}

listening_socket::~listening_socket() {
  ::close(fd_);
}

} // namespace coppice_test
