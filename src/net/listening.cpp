// SPDX-License-Identifier: BSD-3-Clause

#include "net/listening.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

namespace coppice::net {

namespace {

constexpr int keepalive_probes = 4;

std::string text_of_error(const endpoint& where, int error) {
  auto text = "cannot listen on " + to_string(where) + ": ";
  switch (error) {
  case EADDRINUSE:
    return text
           + (where.is_unix()
                ? "another program listens there; stop it or choose "
                  "another path"
                : "the port is taken; stop the program that uses it or choose "
                  "another port");
  case EEXIST:
    return text + "there is a file that is no socket; choose another path";
  case EACCES:
    return text
           + (where.is_unix() ? "no permission to create a file there"
                              : "ports below 1024 need privileges; choose a "
                                "higher port");
  case EADDRNOTAVAIL:
    return text + "this machine has no such address";
  default:
    return text + std::strerror(error);
  }
}

unexpected<open_error> failure(const endpoint& where, int error) {
  return unexpected{open_error{error, text_of_error(where, error)}};
}

bool set(const socket& sock, int level, int name, int value) {
  return ::setsockopt(sock.fd(), level, name, &value, sizeof(value)) == 0;
}

int in_seconds(std::chrono::seconds time) {
  constexpr std::int64_t most = 32'767; // of the kernel
  return static_cast<int>(std::clamp<std::int64_t>(time.count(), 1, most));
}

int in_milliseconds(std::chrono::milliseconds time) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp<std::int64_t>(time.count(), 1, most));
}

// Accepted sockets take these over from the one that listens, which saves them
// a call each.
void set_tcp_options(const socket& sock, const listen_options& options) {
  set(sock, IPPROTO_TCP, TCP_NODELAY, 1);
  if (auto silent = options.keepalive) {
    set(sock, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(sock, IPPROTO_TCP, TCP_KEEPIDLE, in_seconds(*silent));
    set(sock, IPPROTO_TCP, TCP_KEEPINTVL,
        in_seconds(
          std::max(*silent / keepalive_probes, std::chrono::seconds{1})));
    set(sock, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
  }
  if (auto limit = options.user_timeout)
    set(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, in_milliseconds(*limit));
}

// -- Unix sockets -------------------------------------------------------------

// Removes the file of a socket that nobody listens on; returns 0, or why the
// file has to stay.
int remove_stale(const endpoint& where) {
  auto path = where.address();
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0)
    return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(found.st_mode))
    return EEXIST;
  socket probe{
    ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!probe)
    return errno;
  if (::connect(probe.fd(), where.data(), where.size()) == 0
      || errno != ECONNREFUSED)
    return EADDRINUSE;
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

int bind_unix(const socket& sock, const endpoint& where, unsigned mode) {
  // Before there is a file, so that there is never one with more permissions.
  if (::fchmod(sock.fd(), mode) != 0)
    return errno;
  auto bound
    = [&] { return ::bind(sock.fd(), where.data(), where.size()) == 0; };
  if (!bound()) {
    if (errno != EADDRINUSE)
      return errno;
    if (auto error = remove_stale(where))
      return error;
    if (!bound())
      return errno;
  }
  return ::chmod(where.address().c_str(), mode) == 0 ? 0 : errno;
}

int bind_tcp(const socket& sock, const endpoint& where,
             const listen_options& options, bool shares) {
  set(sock, SOL_SOCKET, SO_REUSEADDR, 1);
  if (shares && !set(sock, SOL_SOCKET, SO_REUSEPORT, 1))
    return errno;
  if (where.family() == AF_INET6)
    set(sock, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  set_tcp_options(sock, options);
  return ::bind(sock.fd(), where.data(), where.size()) == 0 ? 0 : errno;
}

// Opens one socket, which `shares` its port with those that are there already;
// returns 0 or why there is none.
int open_socket(socket& into, const endpoint& where,
                const listen_options& options, bool shares) {
  into = socket{
    ::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!into)
    return errno;
  auto error = where.is_unix() ? bind_unix(into, where, options.unix_mode)
                               : bind_tcp(into, where, options, shares);
  if (error != 0)
    return error;
  if (::listen(into.fd(), options.backlog) != 0)
    return errno;
  // Now that nobody else has it, others of this port may come.
  if (options.sockets > 1 && !shares && !set(into, SOL_SOCKET, SO_REUSEPORT, 1))
    return errno;
  return 0;
}

} // namespace

// -- port ---------------------------------------------------------------------

port::port(std::vector<socket> sockets, bool shared)
    : sockets_(std::move(sockets)),
      local_(endpoint::local(sockets_.front().fd())),
      shared_(shared) {
  struct stat file {};
  if (local_.is_unix() && ::stat(local_.address().c_str(), &file) == 0)
    inode_ = file.st_ino;
}

port::~port() {
  shut();
}

std::vector<int> port::of(unsigned index, std::size_t acceptors) const {
  std::vector<int> result;
  for (std::size_t i = index; i < sockets_.size(); i += acceptors)
    result.push_back(sockets_[i].fd());
  if (result.empty())
    result.push_back(sockets_[index % sockets_.size()].fd());
  return result;
}

std::vector<socket> port::copies() const {
  std::vector<socket> result;
  for (auto& sock : sockets_)
    result.push_back(checked(::fcntl(sock.fd(), F_DUPFD_CLOEXEC, 0), "fcntl"));
  return result;
}

void port::accept_last(const client_taker& take) noexcept {
  auto shared = shared_.load();
  if (!shared)
    remove_file();
  accept_last_clients(sockets_, local_,
                      shared ? after_clients::kept : after_clients::closed,
                      take);
}

void port::shut() noexcept {
  if (shared_)
    return;
  remove_file();
  // Acceptors may still hold the sockets; without this, the kernel would go on
  // completing handshakes that nobody accepts.
  for (auto& sock : sockets_)
    ::shutdown(sock.fd(), SHUT_RDWR);
}

bool port::has_lost_file() const noexcept {
  struct stat file {};
  return inode_ && !shared_
         && (::stat(local_.address().c_str(), &file) != 0
             || file.st_ino != *inode_);
}

void port::remove_file() noexcept {
  if (inode_ && !has_lost_file())
    ::unlink(local_.address().c_str());
}

// -- opening ------------------------------------------------------------------

open_result listen_on(const endpoint& where, const listen_options& options) {
  std::vector<socket> sockets(options.sockets);
  auto there = where;
  for (auto& sock : sockets) {
    auto shares = options.share_port || &sock != &sockets.front();
    if (auto error = open_socket(sock, there, options, shares)) {
      if (error == EAFNOSUPPORT && there.family() == AF_INET6 && there.any())
        return listen_on(*endpoint::parse("0.0.0.0", there.port()), options);
      return failure(there, error);
    }
    there = endpoint::local(sock.fd()); // the port, if the kernel picked it
  }
  return std::make_shared<port>(std::move(sockets), false);
}

open_result adopt(const std::vector<int>& descriptors,
                  const listen_options& options) {
  std::vector<socket> sockets;
  for (auto fd : descriptors) {
    auto refuse = [fd](int error, const char* why) {
      return unexpected{
        open_error{error, "cannot listen on the inherited descriptor "
                            + std::to_string(fd) + ": " + why}};
    };
    int listens = 0;
    int type = 0;
    socklen_t size = sizeof(int);
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0)
      return refuse(errno, std::strerror(errno));
    ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (listens == 0 || type != SOCK_STREAM)
      return refuse(EINVAL, "it is not a stream socket that listens");
    // A copy, so that the original outlives this port.
    socket sock{::fcntl(fd, F_DUPFD_CLOEXEC, 0)};
    if (!sock)
      return refuse(errno, std::strerror(errno));
    ::fcntl(sock.fd(), F_SETFL, ::fcntl(sock.fd(), F_GETFL) | O_NONBLOCK);
    if (!endpoint::local(sock.fd()).is_unix())
      set_tcp_options(sock, options);
    sockets.push_back(std::move(sock));
  }
  return std::make_shared<port>(std::move(sockets), true);
}

} // namespace coppice::net
